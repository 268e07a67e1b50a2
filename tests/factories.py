"""Rows of a small district, made through the real operations wherever these exist; each takes only keywords.

Every function writes with the session it is given and does not commit. Days are counted from the clock's today, so
that the same district can stand in a frozen November and on a server that runs now.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from sqlmodel import Session

from timebank.areas.models import Area, AreaKind, Facility, FacilityKind
from timebank.assessments import operations as assessments
from timebank.assessments import scales
from timebank.assessments.models import Assessment
from timebank.assessments.queries import level_of
from timebank.auth import operations as auth
from timebank.auth.models import User
from timebank.beds import operations as beds
from timebank.beds.models import CareBed
from timebank.careplans import operations as careplans
from timebank.careplans.models import CarePlan, ServiceKind
from timebank.careplans.rules import ItemIn
from timebank.core import clock, crypto, ids, months
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.ledger import operations as ledger
from timebank.ledger.models import Transfer
from timebank.people import operations as people
from timebank.people.models import Household, Kinship, Person, Proxy, RiskTier, Sex
from timebank.policies import operations as policies
from timebank.policies.queries import in_force
from timebank.visits.models import CarerState, Visit, VisitCarer, VisitState

DISTRICT = "500156"
TOWNSHIP, OTHER_TOWNSHIP = "500156101", "500156102"
VILLAGE, NEXT_VILLAGE, OTHER_VILLAGE = "500156101201", "500156101202", "500156102201"
GROUP, NEXT_GROUP, OTHER_GROUP = f"{VILLAGE}01", f"{NEXT_VILLAGE}01", f"{OTHER_VILLAGE}01"
PASSWORD = "three ducks cross"

_KINDS = {6: AreaKind.DISTRICT, 9: AreaKind.TOWNSHIP, 12: AreaKind.VILLAGE, 14: AreaKind.HELP_GROUP}
_PLACES = {
    DISTRICT: ("武隆区", "Wulong", 29.325, 107.760),
    TOWNSHIP: ("江口镇", "Jiangkou", 29.260, 107.840),
    VILLAGE: ("桥头村", "Qiaotou", 29.262, 107.845),
    NEXT_VILLAGE: ("黄坪村", "Huangping", 29.280, 107.870),
    OTHER_TOWNSHIP: ("火炉镇", "Huolu", 29.410, 107.930),
    OTHER_VILLAGE: ("石梁村", "Shiliang", 29.415, 107.940),
    GROUP: ("一组", "Group 1", 29.263, 107.846),
    NEXT_GROUP: ("一组", "Group 1", 29.281, 107.871),
    OTHER_GROUP: ("一组", "Group 1", 29.416, 107.941),
}


def district(*, session: Session) -> None:
    """Wulong with two townships, three villages and a group in each; a station and a kitchen in the townships."""
    for code in sorted(_PLACES, key=lambda code: (len(code), code)):
        area(session=session, code=code)
    for code in (TOWNSHIP, OTHER_TOWNSHIP):
        for kind in (FacilityKind.STATION, FacilityKind.KITCHEN):
            facility(session=session, area_code=code, kind=kind)
    session.flush()
    long_ago = months.shifted(months.of_date(clock.today()), -24)
    ledger.open_common_accounts(session, actor=SYSTEM, district_code=DISTRICT, first_month=long_ago)


def area(*, session: Session, code: str, name_zh: str = "", name_en: str = "", market_digits: str = "") -> Area:
    """A node of the tree; its level and parent follow from the length of the code."""
    zh, en, lat, lon = _PLACES.get(code, (name_zh or code, name_en or code, 29.3, 107.8))
    parent = next((code[:size] for size in (12, 9, 6) if size < len(code)), None)
    made = Area(
        code=code,
        kind=_KINDS[len(code)],
        parent_code=parent,
        name_zh=name_zh or zh,
        name_en=name_en or en,
        lat=lat,
        lon=lon,
        market_digits=market_digits,
    )
    session.add(made)
    session.flush()
    return made


def facility(*, session: Session, area_code: str, kind: FacilityKind) -> Facility:
    """A place of service at the middle of its area."""
    name, _, lat, lon = _PLACES[area_code]
    made = Facility(id=ids.new_id("fac"), kind=kind, area_code=area_code, name=f"{name}站", lat=lat, lon=lon)
    session.add(made)
    return made


def household(*, session: Session, group_code: str = GROUP, number: int = 1, landmark: str = "黄桷树下") -> Household:
    """A door of a villager group; each number lies about 110 m farther north."""
    _, _, lat, lon = _PLACES[group_code]
    made = Household(
        code=f"{group_code}-{number:04d}",
        area_code=group_code,
        landmark=landmark,
        place_sealed=crypto.vault().seal([round(lat + number * 0.001, 6), lon]),
    )
    session.add(made)
    session.flush()
    return made


def person(
    *,
    session: Session,
    household: Household,
    name: str,
    sex: Sex = Sex.FEMALE,
    born_on: date = date(1968, 3, 5),
    is_elder: bool = False,
    is_volunteer: bool = False,
    phone: str = "",
    consents: Sequence[str] = ("register", "visits", "place", "health"),
) -> Person:
    """Somebody registered at a home, with the consents that were read aloud to them."""
    given = people.NewPerson(
        household_code=household.code,
        name=name,
        sex=sex,
        born_on=born_on,
        phone=phone,
        is_elder=is_elder,
        is_volunteer=is_volunteer,
    )
    made = people.register(session, actor=SYSTEM, given=given)
    for purpose in consents:
        people.give_consent(session, actor=SYSTEM, person_id=made.id, purpose=purpose, method="read_aloud")
    session.flush()
    return made


def elder(
    *,
    session: Session,
    household: Household,
    name: str,
    sex: Sex = Sex.FEMALE,
    born_on: date = date(1941, 6, 1),
    tier: RiskTier = RiskTier.KEY,
    consents: Sequence[str] = ("register", "visits", "place", "health"),
) -> Person:
    """A registered elder."""
    made = person(
        session=session, household=household, name=name, sex=sex, born_on=born_on, is_elder=True, consents=consents
    )
    made.tier = tier
    session.add(made)
    session.flush()
    return made


def volunteer(
    *,
    session: Session,
    household: Household,
    name: str,
    sex: Sex = Sex.FEMALE,
    born_on: date = date(1968, 3, 5),
    qualifications: Sequence[str] = ("visit", "meal", "agreement", "insurance"),
    hours: tuple[int, int] = (8 * 60, 18 * 60),
    travel_mode: str = "moto",
) -> Person:
    """A volunteer who may help every day between two minutes of the day, and holds valid certificates."""
    made = person(session=session, household=household, name=name, sex=sex, born_on=born_on, is_volunteer=True)
    papers(session=session, person=made, kinds=qualifications)
    people.set_availability(
        session,
        actor=SYSTEM,
        person_id=made.id,
        windows=[(weekday, *hours) for weekday in range(7)],
        travel_mode=travel_mode,
    )
    session.flush()
    return made


def papers(*, session: Session, person: Person, kinds: Sequence[str]) -> None:
    """A checked identity, and certificates of some kinds that are valid for years."""
    people.check_real_name(session, actor=SYSTEM, person_id=person.id, passed=True, method="card_seen")
    today = clock.today()
    for kind in kinds:
        people.add_qualification(
            session,
            actor=SYSTEM,
            person_id=person.id,
            kind=kind,
            valid_from_on=today - timedelta(days=1_000),
            valid_until_on=today + timedelta(days=1_000),
            evidence="镇上的文件夹",
        )
    session.flush()


def kin(*, session: Session, of: Person, kin: Person, relation: str = "child") -> Kinship:
    """Who belongs to whom."""
    made = Kinship(id=ids.new_id("kin"), person_id=of.id, kin_id=kin.id, relation=relation)
    session.add(made)
    session.flush()
    return made


def proxy(
    *, session: Session, holder: Person, elder: Person, purposes: Sequence[str] = ("request", "confirm")
) -> Proxy:
    """A written power for a year."""
    made = people.give_proxy(
        session,
        actor=SYSTEM,
        for_person_id=elder.id,
        proxy_person_id=holder.id,
        purposes=purposes,
        ends_on=clock.today() + timedelta(days=365),
        evidence="村委会，绿色文件夹",
    )
    session.flush()
    return made


def login(
    *, session: Session, name: str, role: Role, area_code: str, display_name: str = "", person: Person | None = None
) -> User:
    """A login with one role; its secret is PASSWORD."""
    made = auth.create_user(
        session,
        actor=SYSTEM,
        login_name=name,
        secret=PASSWORD,
        display_name=display_name or (person.name if person else name),
        person_id=person.id if person else None,
    )
    auth.give_role(session, actor=SYSTEM, user_id=made.id, role=role, area_code=area_code)
    session.flush()
    return made


def assessment(*, session: Session, elder: Person, level: int = 2, days_ago: int = 10) -> Assessment:
    """A valid assessment some days old, filled in and signed by two people of the township's desk."""
    township = elder.area_code[:9]
    first, second = (Actor(f"usr_{name}", Role.COORDINATOR, township) for name in ("first", "second"))
    made = assessments.begin(
        session,
        actor=first,
        elder_id=elder.id,
        reason="routine" if assessed_before(session, elder) else "first",
        assessed_on=clock.today() - timedelta(days=days_ago),
    )
    assessments.save_draft(session, actor=first, assessment_id=made.id, values=answers(level=level))
    assessments.sign_first(session, actor=first, assessment_id=made.id)
    return assessments.sign_second(session, actor=second, assessment_id=made.id)


def assessed_before(session: Session, elder: Person) -> bool:
    """Whether somebody has a valid assessment."""
    return level_of(session, elder.id) is not None


def answers(*, level: int = 2, **changed: str) -> dict[str, str]:
    """A whole form of the present scale that gives a level by its total alone; single answers may be changed."""
    scale = scales.scale(scales.CURRENT)
    spare = scale.most - [90, 78, 55, 40, 20][level]
    values: dict[str, str] = {}
    for item in scale.items.values():
        score = min((o.score for o in item.options if item.most - o.score <= spare), default=item.most)
        score = item.most if item.id == "consciousness" else score
        spare -= item.most - score
        values[item.id] = str(score)
    values |= {f"fact-{name}": "no" for name in scale.facts} | {f"event-{name}": "0" for name in scale.events}
    return values | changed


def care_bed(*, session: Session, elder: Person) -> CareBed:
    """A home-care bed that runs from today; one change of the home may wait. The elder is assessed already."""
    today = clock.today()
    papers = {"actor": SYSTEM, "paper": beds.Paper(today, "床位夹第 3 页")}
    bed = beds.apply(session, elder_id=elder.id, applied_by=elder.id, **papers)  # type: ignore[arg-type]
    signed = beds.Contract("江口养老服务站", "WL-2026-0001", today, today + timedelta(days=364), 6, 600)
    beds.take_over_assessment(session, bed_id=bed.id, **papers)  # type: ignore[arg-type]
    beds.check_home(session, bed_id=bed.id, adaptations=[("light", False)], **papers)  # type: ignore[arg-type]
    beds.sign_contract(session, bed_id=bed.id, contract=signed, **papers)  # type: ignore[arg-type]
    return beds.begin(session, bed_id=bed.id, **papers)  # type: ignore[arg-type]


def care_item(
    *,
    service: ServiceKind = ServiceKind.VISIT,
    recurrence: str = "FREQ=WEEKLY;BYDAY=TU",
    window: tuple[int, int] = (9 * 60, 11 * 60),
    minutes: int = 45,
    crew: int = 1,
) -> ItemIn:
    """One line of a care plan."""
    return ItemIn(service, recurrence, *window, duration_minutes=minutes, crew_size=crew)


def care_plan(
    *, session: Session, elder: Person, items: Sequence[ItemIn] = (), starts_on: date | None = None
) -> CarePlan:
    """A care plan that the elder agreed to; a visit every Tuesday where no items are given."""
    return careplans.agree_care_plan(
        session,
        actor=SYSTEM,
        elder_id=elder.id,
        items=items or [care_item()],
        starts_on=starts_on or clock.today(),
        agreed_by=elder.id,
        consent_method="read_aloud",
    )


def visit(
    *,
    session: Session,
    elder: Person,
    on: date | None = None,
    service: ServiceKind = ServiceKind.VISIT,
    window: tuple[int, int] = (9 * 60, 11 * 60),
    minutes: int = 45,
    crew: int = 1,
) -> Visit:
    """One visit that is due, on no plan yet; today where no day is given."""
    made = Visit(
        id=ids.new_id("vis"),
        elder_id=elder.id,
        area_code=elder.area_code,
        household_code=elder.household_code,
        service=service,
        due_on=on or clock.today(),
        window_from_minute=window[0],
        window_to_minute=window[1],
        duration_minutes=minutes,
        crew_size=crew,
        tier=elder.tier.value,
        created_at=clock.now(),
    )
    session.add(made)
    session.flush()
    return made


def rules_of(*, session: Session, area_code: str, changes: Mapping[str, int | str]) -> None:
    """An area has decided otherwise than the defaults, from today on."""
    made = policies.propose(session, actor=SYSTEM, area_code=area_code, starts_on=clock.today(), changes=dict(changes))
    policies.approve(session, actor=Actor("usr_second", Role.SUPERVISOR, area_code), version_id=made.id)
    session.flush()


def earned(*, session: Session, person: Person, elder: Person, minutes: int) -> Transfer:
    """Minutes earned by one visit to an elder that was settled today."""
    policy = in_force(session, person.area_code, clock.today())
    settled = visit(session=session, elder=elder, minutes=minutes)
    settled.state = VisitState.SETTLED
    starts, ends = clock.now(), clock.now() + timedelta(minutes=minutes)
    made = ledger.earn(
        session, actor=SYSTEM, person=person, minutes=minutes, visit_id=settled.id, event_at=starts, policy=policy
    )
    carer = VisitCarer(
        id=ids.new_id("vca"),
        visit_id=settled.id,
        person_id=person.id,
        state=CarerState.ACCEPTED,
        starts_minute=clock.minute_of_day(starts),
        checked_in_at=starts,
        checked_out_at=ends,
        credited_minutes=minutes,
        transfer_id=made[0].id,
    )
    session.add_all([settled, carer])
    session.flush()
    return made[0]


def hours(*, session: Session, person: Person, minutes: int) -> Transfer:
    """Minutes in somebody's account, taken over from the paper register by two people."""
    return ledger.enter_opening(
        session,
        actor=SYSTEM,
        person=person,
        minutes=minutes,
        event_at=clock.now(),
        second_user_id="usr_second",
        evidence="纸质登记册，第 12 页",
    )
