"""Each service asks for papers; without them nobody is planned, accepts, takes, or is credited. Refusals are named."""

from datetime import date, timedelta

import pytest
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At
from timebank.careplans.models import ServiceKind
from timebank.core import clock, db
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.core.errors import BadInput, NotAllowed, Refused
from timebank.dayplans.queries.facts import gather
from timebank.ledger.models import Transfer
from timebank.people import operations as people
from timebank.people.models import Person, Qualification
from timebank.people.queries import valid_qualifications
from timebank.people.rules import check_sign
from timebank.policies import operations as policies
from timebank.visits import operations as visits
from timebank.visits.models import CarerState, Visit, VisitCarer, VisitState
from timebank.visits.queries import wanted_near
from timebank.volunteers.queries import may_do

DESK = Actor("usr_desk", Role.ASSISTANT, make.VILLAGE)
COORDINATOR = Actor("usr_zhou", Role.COORDINATOR, make.TOWNSHIP)
BATH_PAPERS = ("bath", "insurance", "health", "agreement")


def newcomer(*papers: str, checked: bool = True, number: int = 60) -> Person:
    """Somebody who wants to help, with some papers."""
    with db.transaction() as session:
        home = make.household(session=session, number=number)
        made = make.person(session=session, household=home, name="田三姐", is_volunteer=True)
        if checked:
            people.check_real_name(session, actor=DESK, person_id=made.id, passed=True, method="card_seen")
    for kind in papers:
        give(made, kind)
    return made


def give(person: Person, kind: str, *, until: date | None = None) -> Qualification:
    today = clock.today()
    with db.transaction() as session:
        return people.add_qualification(
            session,
            actor=DESK,
            person_id=person.id,
            kind=kind,
            valid_from_on=today - timedelta(days=30),
            valid_until_on=until or today + timedelta(days=30),
            evidence="镇上的文件夹",
        )


def plan(cast: Cast, *carers: Person, service: ServiceKind = ServiceKind.VISIT) -> Visit:
    with db.transaction() as session:
        made = make.visit(session=session, elder=cast.chen_popo, service=service, crew=len(carers))
        return visits.assign(
            session, actor=COORDINATOR, visit_id=made.id, carers=[(one.id, 540) for one in carers], day_plan_id=None
        )


def allowed(person: Person, on: date | None = None) -> set[str]:
    with db.reading() as session:
        row = session.get_one(Person, person.id)
        return set(may_do(session, [row], on or clock.today())[row.id])


@pytest.mark.parametrize(
    ("missing", "code"),
    [
        ("bath", "volunteers.no_training"),
        ("insurance", "volunteers.no_insurance"),
        ("health", "volunteers.no_health"),
        ("agreement", "volunteers.no_agreement"),
    ],
)
def test_a_bath_without_one_paper_is_not_planned(cast: Cast, missing: str, code: str) -> None:
    lacking = newcomer(*(kind for kind in BATH_PAPERS if kind != missing))
    with pytest.raises(Refused, match=f"{code}.*田三姐"):
        plan(cast, cast.li, lacking, service=ServiceKind.BATH)
    give(lacking, missing)
    assert plan(cast, cast.li, lacking, service=ServiceKind.BATH).state == VisitState.PLANNED


def test_nobody_helps_whose_identity_was_not_checked(cast: Cast) -> None:
    stranger = newcomer("visit", checked=False)
    with pytest.raises(Refused, match=r"volunteers\.no_real_name"):
        plan(cast, stranger)
    assert allowed(stranger) == set()


def test_a_check_that_failed_later_closes_the_gate(cast: Cast, at: At) -> None:
    at("2026-11-03 10:00")
    with db.transaction() as session:
        people.check_real_name(session, actor=DESK, person_id=cast.li.id, passed=False, method="national_system")
    assert allowed(cast.li) == set()


def test_a_paper_opens_the_gate_up_to_its_last_day(cast: Cast) -> None:
    today = clock.today()
    helper = newcomer()
    give(helper, "meal", until=today)
    assert ("meal" in allowed(helper), "meal" in allowed(helper, today + timedelta(days=1))) == (True, False)


def test_a_paper_that_is_ended_opens_no_gate_from_that_day_but_yesterday_stays(cast: Cast) -> None:
    helper = newcomer()
    paper = give(helper, "meal")
    with db.transaction() as session:
        people.revoke_qualification(session, actor=DESK, person_id=helper.id, qualification_id=paper.id)
    with db.reading() as session:
        held = valid_qualifications
        yesterday, today = (held(session, [helper.id], clock.today() - timedelta(days=ago)) for ago in (1, 0))
    assert (yesterday, today) == ({helper.id: frozenset({"meal"})}, {})


def test_an_invitation_is_not_accepted_once_the_insurance_is_gone(cast: Cast) -> None:
    visit = plan(cast, cast.li, cast.zhang, service=ServiceKind.BATH)
    with db.transaction() as session:
        found = select(Qualification.id).where(Qualification.person_id == cast.li.id, Qualification.kind == "insurance")
        people.revoke_qualification(
            session, actor=DESK, person_id=cast.li.id, qualification_id=session.exec(found).one()
        )
    li = Actor(cast.users["li"], Role.VOLUNTEER, make.VILLAGE, cast.li.id)
    with pytest.raises(Refused, match=r"volunteers\.no_insurance"), db.transaction() as session:
        visits.respond(session, actor=li, visit_id=visit.id, accept=True)
    with db.transaction() as session:
        visits.respond(session, actor=li, visit_id=visit.id, accept=False, reason="没有保险了")


def test_requests_are_shown_and_taken_by_who_may(cast: Cast) -> None:
    helper = newcomer("visit")
    with db.transaction() as session:
        asked = make.visit(session=session, elder=cast.chen_popo, service=ServiceKind.ESCORT)
        company = make.visit(session=session, elder=cast.chen_popo, service=ServiceKind.COMPANY)
    me = Actor("usr_tian", Role.VOLUNTEER, make.VILLAGE, helper.id)
    with db.reading() as session:
        near = wanted_near(session, helper.id, make.TOWNSHIP, clock.today())
        assert [row.visit.id for row in near] == [company.id]
    with pytest.raises(Refused, match=r"volunteers\.no_training"), db.transaction() as session:
        visits.take(session, actor=me, visit_id=asked.id)


def finished(cast: Cast, visit: Visit) -> None:
    """As if it had taken place before the paper was looked for."""
    with db.transaction() as session:
        row = session.get_one(Visit, visit.id)
        for carer in session.exec(select(VisitCarer).where(VisitCarer.visit_id == visit.id)):
            carer.state = CarerState.ACCEPTED
            carer.checked_in_at = clock.at_local(visit.due_on, 540)
            carer.checked_out_at = clock.at_local(visit.due_on, 585)
            session.add(carer)
        row.state = VisitState.CONFIRMED
        session.add(row)


def test_hours_are_not_credited_without_the_paper_of_that_day(cast: Cast) -> None:
    helper = newcomer("visit")
    visit = plan(cast, helper)
    finished(cast, visit)
    with db.transaction() as session:
        paper = session.exec(select(Qualification).where(Qualification.person_id == helper.id)).one()
        people.revoke_qualification(session, actor=DESK, person_id=helper.id, qualification_id=paper.id)
    judge = Actor("usr_wu", Role.SUPERVISOR, make.TOWNSHIP)
    with db.reading() as session:
        assert "papers_missing" in visits.needs_a_look(session, session.get_one(Visit, visit.id))
    with pytest.raises(Refused, match=r"volunteers\.no_training"), db.transaction() as session:
        visits.review(session, actor=judge, visit_id=visit.id, approved=True)
    with db.reading() as session:
        assert session.exec(select(Transfer).where(Transfer.source_id == visit.id)).all() == []
    give(helper, "visit")  # the paper is found
    with db.transaction() as session:
        visits.review(session, actor=judge, visit_id=visit.id, approved=True)
    with db.reading() as session:
        assert [row.minutes for row in session.exec(select(Transfer).where(Transfer.source_id == visit.id))] == [45]


def test_the_reviewer_may_credit_nothing_where_the_paper_is_not_found(cast: Cast) -> None:
    helper = newcomer("visit")
    visit = plan(cast, helper)
    finished(cast, visit)
    with db.transaction() as session:
        paper = session.exec(select(Qualification).where(Qualification.person_id == helper.id)).one()
        people.revoke_qualification(session, actor=DESK, person_id=helper.id, qualification_id=paper.id)
        judge = Actor("usr_wu", Role.SUPERVISOR, make.TOWNSHIP)
        visits.review(session, actor=judge, visit_id=visit.id, approved=True, minutes={helper.id: 0}, reason="没有培训")
    with db.reading() as session:
        assert session.get_one(Visit, visit.id).state == VisitState.SETTLED


def test_the_planner_gets_what_each_carer_may_do(cast: Cast, at: At) -> None:
    at("2026-11-03 10:00")
    with db.transaction() as session:
        people.check_real_name(session, actor=DESK, person_id=cast.zhang.id, passed=False, method="card_seen")
    with db.reading() as session:
        carers = gather(session, make.TOWNSHIP, clock.today()).carers
        skills = {carer.person.name: carer.qualifications & set(ServiceKind) for carer in carers}
    assert skills["张哥"] == set()
    assert skills["李姐"] == {"visit", "meal", "bath", "chore", "company", "phone_check"}


def test_a_county_may_ask_for_less_or_more_from_a_day_on(cast: Cast) -> None:
    helper, today = newcomer(), clock.today()
    for changes in ({"gate.visit": "real_name"}, {"gate.company": "health real_name"}):
        with db.transaction() as session:
            version = policies.propose(
                session, actor=COORDINATOR, area_code=make.TOWNSHIP, starts_on=today, changes=changes
            )
            policies.approve(session, actor=SYSTEM, version_id=version.id)
    assert "visit" in allowed(helper)
    assert "company" not in allowed(helper)


def test_a_rule_that_asks_for_an_unknown_paper_is_refused(cast: Cast) -> None:
    with pytest.raises(BadInput, match=r"policies\.not_a_choice"), db.transaction() as session:
        policies.propose(
            session,
            actor=COORDINATOR,
            area_code=make.TOWNSHIP,
            starts_on=clock.today(),
            changes={"gate.visit": "real_name driving_licence"},
        )


def id_number(born: str = "19680305", place: str = "500156", order: str = "002") -> str:
    first = place + born + order
    return first + check_sign(first)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (id_number()[:-1], "people.bad_id_number"),
        (id_number()[:-1] + ("1" if id_number()[-1] != "1" else "2"), "people.bad_id_number"),
        (id_number(born="19680306"), "people.number_of_another"),
        (id_number(order="001"), "people.number_of_another"),  # a man's
        ("１" * 18, "people.bad_id_number"),
    ],
)
def test_a_number_that_does_not_fit_the_card_is_refused(cast: Cast, number: str, code: str) -> None:
    with pytest.raises(BadInput, match=code), db.transaction() as session:
        people.check_real_name(
            session, actor=DESK, person_id=cast.li.id, passed=True, method="card_seen", id_number=number
        )


def test_the_number_is_sealed_and_found_by_its_hash_alone(cast: Cast) -> None:
    number = id_number()
    with db.transaction() as session:
        people.check_real_name(
            session, actor=DESK, person_id=cast.li.id, passed=True, method="card_seen", id_number=number
        )
    with db.reading() as session:
        li = session.get_one(Person, cast.li.id)
        assert number not in str(vars(li))
        assert li.id_number_hash is not None


def test_nobody_checks_or_trains_themselves(cast: Cast) -> None:
    own = Actor(cast.users["wang"], Role.ASSISTANT, make.VILLAGE, cast.wang.id)
    with pytest.raises(NotAllowed, match="own_check"), db.transaction() as session:
        people.check_real_name(session, actor=own, person_id=cast.wang.id, passed=True, method="card_seen")
