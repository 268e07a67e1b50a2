"""Minors help with a guardian's consent and within limits; levels and stars follow from the book of hours."""

from datetime import date, timedelta

import pytest

from tests import factories as make
from tests.cast import Cast
from timebank.careplans.models import ServiceKind
from timebank.core import clock, db
from timebank.core.actors import SYSTEM, Actor, Role, Scope
from timebank.core.errors import BadInput, NotAllowed, Refused
from timebank.ledger import operations as ledger
from timebank.people import operations as people
from timebank.people.models import Person, PersonCase, PersonState
from timebank.policies.queries import Policy
from timebank.policies.rules import default_values
from timebank.visits import operations as visits
from timebank.visits.models import Visit
from timebank.volunteers import operations, rules
from timebank.volunteers.models import GuardianConsent
from timebank.volunteers.queries import helped_minutes, may_do, roll_of_honour

DESK = Actor("usr_desk", Role.ASSISTANT, make.VILLAGE)
DISTRICT_DESK = Actor("usr_district", Role.BUREAU, make.DISTRICT)
POLICY = Policy(make.TOWNSHIP, date(2026, 11, 3), "pol_defaults", default_values())


@pytest.fixture
def pupil(cast: Cast) -> Person:
    """小龙, 15, who goes to school and wants to help; his identity was checked and he was trained."""
    with db.transaction() as session:
        home = make.household(session=session, number=70)
        made = make.person(session=session, household=home, name="小龙", born_on=date(2011, 5, 5))
        people.check_real_name(session, actor=DESK, person_id=made.id, passed=True, method="card_seen")
        for kind in ("visit", "bath"):
            people.add_qualification(
                session,
                actor=DESK,
                person_id=made.id,
                kind=kind,
                valid_from_on=date(2026, 10, 1),
                valid_until_on=date(2027, 9, 30),
                evidence="学校",
            )
    return made


def consent(pupil: Person, guardian: Person, *, actor: Actor = DESK, ends_on: date = date(2027, 6, 30)) -> str:
    with db.transaction() as session:
        return operations.let_minor_help(
            session,
            actor=actor,
            person_id=pupil.id,
            guardian_id=guardian.id,
            relation="parent",
            ends_on=ends_on,
            evidence="村委会，黄色文件夹",
        ).id


def plan(cast: Cast, *crew: Person, service: ServiceKind = ServiceKind.VISIT, minute: int = 900) -> Visit:
    with db.transaction() as session:
        made = make.visit(session=session, elder=cast.chen_popo, service=service, crew=len(crew))
        carers = [(one.id, minute) for one in crew]
        return visits.assign(session, actor=SYSTEM, visit_id=made.id, carers=carers, day_plan_id=None)


def test_a_pupil_goes_along_with_an_adult_once_the_guardian_signed(cast: Cast, pupil: Person) -> None:
    with pytest.raises(Refused, match=r"volunteers\.no_guardian"):
        plan(cast, cast.li, pupil)
    consent(pupil, cast.xiaofang)
    assert plan(cast, cast.li, pupil).crew_size == 2
    with pytest.raises(Refused, match=r"volunteers\.too_young"):
        plan(cast, pupil)
    with pytest.raises(Refused, match=r"volunteers\.not_for_minors"):
        plan(cast, cast.li, pupil, service=ServiceKind.BATH)
    with pytest.raises(Refused, match=r"volunteers\.too_late_for_minors"):
        plan(cast, cast.li, pupil, minute=18 * 60 + 30)


def test_the_planner_leaves_minors_out(cast: Cast, pupil: Person) -> None:
    consent(pupil, cast.xiaofang)
    with db.reading() as session:
        assert may_do(session, [session.get_one(Person, pupil.id)], clock.today())[pupil.id] == frozenset()


def test_a_consent_that_is_taken_back_ends_it_at_once(cast: Cast, pupil: Person) -> None:
    kept = consent(pupil, cast.xiaofang)
    with db.transaction() as session:
        operations.end_guardian_consent(session, actor=DESK, person_id=pupil.id, consent_id=kept)
    with pytest.raises(Refused, match=r"volunteers\.no_guardian"):
        plan(cast, cast.li, pupil)


def test_a_consent_ends_with_the_guardian(cast: Cast, pupil: Person) -> None:
    consent(pupil, cast.xiaofang)
    with db.transaction() as session:
        case = people.change_state(
            session, actor=SYSTEM, person_id=cast.xiaofang.id, state=PersonState.DEAD, since_on=clock.today()
        )
        assert case.detail["done"]["guardians_gone"] == 1
    with pytest.raises(Refused, match=r"volunteers\.no_guardian"):
        plan(cast, cast.li, pupil)


@pytest.mark.parametrize("who", ["pupil", "guardian"])
def test_a_consent_holds_for_the_entry_that_is_kept(cast: Cast, pupil: Person, who: str) -> None:
    with db.transaction() as session:
        home = make.household(session=session, number=72)
        born_on = pupil.born_on if who == "pupil" else cast.xiaofang.born_on
        twin = make.person(session=session, household=home, name="同一个人", born_on=born_on)
        kept_id = pupil.id if who == "pupil" else cast.xiaofang.id
        pair = {"kept_id": kept_id, "other_id": twin.id}
        case = people.propose_merge(session, actor=DISTRICT_DESK, evidence="同一张身份证", **pair)
    signed = consent(twin, cast.xiaofang) if who == "pupil" else consent(pupil, twin)
    with db.transaction() as session:
        people.merge(session, actor=SYSTEM, case=session.get_one(PersonCase, case.id))
    with db.reading() as session:
        held = session.get_one(GuardianConsent, signed)
        assert (held.person_id, held.guardian_id) == (pupil.id, cast.xiaofang.id)
    assert plan(cast, cast.li, pupil).crew_size == 2


def test_a_consent_ends_at_the_18th_birthday_at_the_latest() -> None:
    today, birthday = date(2026, 11, 3), date(2027, 3, 1)
    both = (date(2009, 3, 1), date(1970, 1, 1), POLICY)
    rules.check_guardian(*both, on=today, ends_on=birthday)
    with pytest.raises(BadInput, match=r"volunteers\.bad_consent_end"):
        rules.check_guardian(*both, on=today, ends_on=birthday + timedelta(days=1))


def test_consents_that_cannot_be_are_refused(cast: Cast, pupil: Person) -> None:
    with pytest.raises(BadInput, match=r"volunteers\.bad_consent_end"):
        consent(pupil, cast.xiaofang, ends_on=date(2028, 1, 1))
    with pytest.raises(BadInput, match=r"volunteers\.is_adult"):
        consent(cast.li, cast.xiaofang)
    with pytest.raises(BadInput, match=r"people\.unknown_person"):
        consent(pupil, pupil)
    own = Actor(cast.users["xiaofang"], Role.ASSISTANT, make.VILLAGE, cast.xiaofang.id)
    with pytest.raises(NotAllowed):
        consent(pupil, cast.xiaofang, actor=own)
    with db.transaction() as session:
        home = make.household(session=session, number=71)
        child = make.person(session=session, household=home, name="小燕", born_on=date(2014, 1, 1))
    with pytest.raises(BadInput, match=r"volunteers\.below_least_age"):
        consent(child, cast.xiaofang)
    with pytest.raises(BadInput, match=r"volunteers\.guardian_is_minor"):
        consent(pupil, child)


def test_minors_are_credited_less_in_a_day_and_a_week() -> None:
    assert rules.caps(17, POLICY) == (120, 360)
    assert rules.caps(18, POLICY) == (240, 720)


@pytest.mark.parametrize(
    ("hours", "papers", "level", "stars"),
    [
        (0, {"visit"}, "registered", 0),
        (20, {"insurance", "health"}, "registered", 0),
        (20, {"visit"}, "trained", 0),
        (100, {"visit"}, "trained", 1),
        (100, {"visit", "meal"}, "senior", 1),
        (299, {"visit", "meal", "bath"}, "senior", 1),
        (300, {"visit", "meal", "bath"}, "lead", 2),
        (1_500, set(), "registered", 5),
    ],
)
def test_levels_need_hours_and_trainings_stars_hours_alone(
    hours: int, papers: set[str], level: str, stars: int
) -> None:
    assert rules.level(60 * hours, frozenset(papers), POLICY) == level
    assert rules.stars(60 * hours, POLICY) == stars


def test_the_roll_of_honour_is_the_book_and_what_is_taken_back_disappears(cast: Cast) -> None:
    with db.transaction() as session:
        li, zhang = (session.get_one(Person, one.id) for one in (cast.li, cast.zhang))
        make.earned(session=session, person=li, elder=cast.chen_popo, minutes=60)
        wrong = make.earned(session=session, person=li, elder=cast.chen_popo, minutes=45)
        make.earned(session=session, person=zhang, elder=cast.chen_popo, minutes=90)
        make.hours(session=session, person=li, minutes=600)  # taken over from paper: kept hours, not help of this year
    scope = Scope(make.TOWNSHIP)
    with db.reading() as session:
        names = [(row.person.name, row.year_minutes) for row in roll_of_honour(session, scope, 2026)]
        assert names == [("李姐", 105), ("张哥", 90)]
        assert roll_of_honour(session, scope, 2025) == []
    with db.transaction() as session:
        ledger.reverse(session, actor=SYSTEM, transfer_id=wrong.id, why="记错了")
    with db.reading() as session:
        assert helped_minutes(session, scope) == {cast.li.id: 60, cast.zhang.id: 90}
        assert [row.person.name for row in roll_of_honour(session, scope, 2026)] == ["张哥", "李姐"]
