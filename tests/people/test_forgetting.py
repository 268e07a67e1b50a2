"""What is kept of the dead, for how long, and that the proof and the printed months outlive what is deleted."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At
from tests.statements.test_sheets import HEAD
from timebank import jobs
from timebank.areas.models import Area
from timebank.assessments import operations as assessments
from timebank.assessments.models import AssessmentDispute
from timebank.assessments.queries import DELETED, opened, words_of
from timebank.audit.models import AuditEvent
from timebank.core import clock, crypto, db
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.ledger.verify import verify
from timebank.people import operations as people
from timebank.people import terms
from timebank.people.models import Consent, Household, Person, PersonState, Proxy
from timebank.people.queries import phone_of, place_of
from timebank.phones.models import Application
from timebank.statements import sheets
from timebank.statements.models import Statement
from timebank.statements.operations import close_month

NUMBER = "500156194003120026"
YEAR = timedelta(days=365)
FIRST = Actor("usr_first", Role.BUREAU, make.DISTRICT)


def give_all(session: Session, person: Person) -> None:
    """A phone, an identity number, a place of their own, a consent and the application of long ago."""
    vault = crypto.vault()
    person.phone_sealed, person.id_number_sealed = vault.seal("13500000001"), vault.seal(NUMBER)
    person.id_number_hash = vault.fingerprint(NUMBER)
    home = session.get_one(Household, person.household_code)
    home.place_sealed, home.place_is_learnt, home.fence_m = vault.seal([29.2555, 107.8333]), True, 120
    asked = Application(
        id="apl_1",
        area_code=person.area_code[:12],
        name=person.name,
        sex=person.sex,
        born_on=person.born_on,
        phone_sealed=vault.seal("13500000001"),
        words="我住桥头边",
        sent_at=clock.now(),
        person_id=person.id,
    )
    session.add_all([person, home, asked])
    people.give_consent(session, actor=SYSTEM, person_id=person.id, purpose="visits", method="signed", evidence="柜1")


def die(session: Session, person: Person, on: date | None = None) -> None:
    since_on = on or clock.today()
    people.change_state(session, actor=SYSTEM, person_id=person.id, state=PersonState.DEAD, since_on=since_on)


def forget() -> int:
    with db.transaction() as session:
        return people.forget(session, actor=SYSTEM, area_code=make.DISTRICT)


def events(session: Session, action: str) -> list[AuditEvent]:
    return list(session.exec(select(AuditEvent).where(AuditEvent.action == action)))


def kept_of(person: Person) -> dict[str, Any]:
    with db.reading() as session:
        row, home = session.get_one(Person, person.id), session.get_one(Household, person.household_code)
        asked = session.exec(select(Application).where(Application.person_id == person.id)).one()
        group = session.get_one(Area, home.area_code)
        return {
            "name": row.name,
            "phone": phone_of(row),
            "number": (row.id_number_sealed, row.id_number_hash),
            "is_at_middle": place_of(home) == (group.lat, group.lon) and not home.place_is_learnt,
            "application": (asked.phone_sealed, asked.words),
            "consents": len(session.exec(select(Consent).where(Consent.person_id == person.id)).all()),
        }


@pytest.fixture
def chen(cast: Cast) -> Person:
    """陈婆婆, who lives alone, died today; everything of hers is kept."""
    with db.transaction() as session:
        person = session.get_one(Person, cast.chen_popo.id)
        give_all(session, person)
        for other in session.exec(select(Person).where(Person.household_code == person.household_code)):
            other.household_code = cast.li.household_code if other.id != person.id else other.household_code
        die(session, person)
        return person


def test_phone_number_and_home_of_the_dead_go_when_the_term_is_over_and_not_a_day_before(chen: Person, at: At) -> None:
    before = kept_of(chen)
    day = clock.today()
    for on, forgotten in ((day + YEAR - timedelta(days=1), 0), (day + YEAR, 2), (day + YEAR, 0)):
        at(f"{on} 02:00")
        assert forget() == forgotten, on
        if not forgotten and on < day + YEAR:
            assert kept_of(chen) == before
    after = kept_of(chen)
    assert after["name"] == before["name"]
    assert (after["phone"], after["number"], after["application"]) == ("", ("", None), ("", ""))
    assert after["is_at_middle"] and not before["is_at_middle"]
    assert after["consents"] == before["consents"] > 0
    with db.reading() as session:
        [told] = events(session, "people.forget")
        assert told.subject_id == chen.id
        assert told.detail == {"deleted": ["phone", "number"], "also": {"applications": 1}}
        assert NUMBER not in str(told.detail) and "135" not in str(told.detail)
        assert [event.subject_id for event in events(session, "people.empty_home")] == [chen.household_code]


def test_consents_and_powers_go_after_three_years(chen: Person, cast: Cast, at: At) -> None:
    with db.transaction() as session:
        make.proxy(session=session, holder=cast.xiaofang, elder=chen, purposes=["confirm"])
    at(f"{clock.today() + timedelta(days=1_095)} 02:00")
    forget()
    assert kept_of(chen)["consents"] > 0
    at(f"{clock.today() + timedelta(days=1)} 02:00")
    assert (forget(), forget()) == (1, 0)
    assert kept_of(chen)["consents"] == 0
    with db.reading() as session:
        assert not session.exec(select(Proxy).where(Proxy.for_person_id == chen.id)).all()
        assert session.exec(select(Consent).where(Consent.person_id == cast.ran_daye.id)).all()


def test_a_home_keeps_its_place_while_somebody_is_left_in_it(chen: Person, cast: Cast, at: At) -> None:
    with db.transaction() as session:
        widower = session.get_one(Person, cast.li.id)
        left_behind, widower.household_code = widower.household_code, chen.household_code
    at(f"{clock.today() + YEAR} 02:00")
    assert forget() == 1
    assert not kept_of(chen)["is_at_middle"]
    with db.transaction() as session:
        session.get_one(Person, cast.li.id).household_code = left_behind
    assert forget() == 1
    assert kept_of(chen)["is_at_middle"]


def test_the_term_runs_from_when_a_death_was_entered_and_ends_for_nobody_else(cast: Cast, at: At) -> None:
    """A death of last year that is heard of today may be a slip: it must not be past taking back tonight."""
    with db.transaction() as session:
        give_all(session, session.get_one(Person, cast.chen_popo.id))
        die(session, cast.chen_popo, clock.today() - 2 * YEAR)
        people.change_state(
            session, actor=SYSTEM, person_id=cast.li.id, state=PersonState.MOVED, since_on=clock.today() - 2 * YEAR
        )
    assert forget() == 0
    at(f"{clock.today() + 4 * YEAR} 02:00")
    forget()
    with db.reading() as session:
        gone = session.exec(select(Person.id).where(Person.forgotten_on.is_not(None))).all()  # type: ignore[union-attr]
    assert gone == [cast.chen_popo.id]


def test_what_a_merged_entry_still_holds_goes_like_that_of_the_dead_and_the_kept_one_keeps_its_own(
    cast: Cast, at: At
) -> None:
    with db.transaction() as session:
        kept, other = (session.get_one(Person, one.id) for one in (cast.ran_daye, cast.hu_daye))
        give_all(session, other)
        case = people.propose_merge(session, actor=FIRST, kept_id=kept.id, other_id=other.id, evidence="同一张卡")
        people.merge(session, actor=SYSTEM, case=case)
    at(f"{clock.today() + YEAR} 02:00")
    assert forget() == 2
    with db.reading() as session:
        kept, other = (session.get_one(Person, one.id) for one in (cast.ran_daye, cast.hu_daye))
        assert (phone_of(kept), phone_of(other), kept.id_number_hash is not None) == ("13500000001", "", True)


def test_the_county_sets_the_term_from_a_day_on(chen: Person, at: At) -> None:
    with db.transaction() as session:
        make.rules_of(session=session, area_code=make.DISTRICT, changes={"privacy.contact_days": 30})
    at(f"{clock.today() + timedelta(days=30)} 02:00")
    assert forget() == 2


def test_answers_of_the_dead_and_of_assessments_long_followed_go_and_the_levels_stay(cast: Cast, at: At) -> None:
    with db.transaction() as session:
        first = make.assessment(session=session, elder=cast.chen_popo, level=3, days_ago=20)
        second = make.assessment(session=session, elder=cast.chen_popo, level=2, days_ago=5)
        dispute = AssessmentDispute(
            id="asd_1",
            assessment_id=second.id,
            elder_id=cast.chen_popo.id,
            area_code=cast.chen_popo.area_code,
            by_user_id="usr_ran",
            words_sealed=crypto.vault().seal("走不动了"),
            raised_at=clock.now(),
        )
        session.add(dispute)
    for days, settled_by, dropped in ((180, None, 0), (1, None, 0), (0, second.id, 1), (0, second.id, 0)):
        at(f"{clock.today() + timedelta(days=days)} 02:00")
        with db.transaction() as session:
            session.get_one(AssessmentDispute, dispute.id).settled_by_id = settled_by
            assert assessments.drop_superseded(session, area_code=make.DISTRICT) == dropped
    with db.transaction() as session:
        assert [session.get_one(type(one), one.id).content_sealed == DELETED for one in (first, second)] == [
            True,
            False,
        ]
        die(session, cast.chen_popo)
    at(f"{clock.today() + YEAR} 02:00")
    forget()
    with db.reading() as session:
        rows = [session.get_one(type(one), one.id) for one in (first, second)]
        assert [(row.level, row.content_sealed, opened(row).total) for row in rows] == [(3, "", None), (2, "", None)]
        assert words_of(session.get_one(AssessmentDispute, dispute.id)) == ""
        assert events(session, "people.forget")[0].detail["also"] == {"assessments": 1}


def test_it_is_done_in_small_parts_each_by_one_firing(cast: Cast, at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terms, "MAX_FORGOTTEN_AT_ONCE", 1)
    [job] = [job for job in jobs.JOBS if job.name == "forget"]
    with db.transaction() as session:
        for elder in (cast.chen_popo, cast.ran_daye):
            die(session, elder)
    day = clock.today() + YEAR
    settled = []
    for minute in (0, 0, 5, 10):
        at(f"{day} 01:{minute:02d}")
        with db.transaction() as session:
            jobs._do(session, job, make.DISTRICT)
            settled.append(len(events(session, "people.forget")))
    assert settled == [1, 1, 2, 2]


def test_the_proof_and_the_printed_month_outlive_what_is_deleted(chen: Person, cast: Cast, at: At) -> None:
    with db.transaction() as session:
        make.earned(session=session, person=cast.li, elder=chen, minutes=90)
        make.earned(session=session, person=chen, elder=cast.ran_daye, minutes=45)

    def printed() -> bytes:
        with db.reading() as session:
            statement = session.exec(select(Statement).where(Statement.person_id == chen.id)).one()
            return sheets.pdf([(statement, session.get_one(Person, chen.id))], head=HEAD)

    at("2026-12-06 09:00")
    with db.transaction() as session:
        close_month(session, actor=SYSTEM, district_code=make.DISTRICT, month="2026-11")
    before = printed()
    at(f"{clock.today() + YEAR} 02:00")
    assert forget() == 2
    assert printed() == before
    with db.reading() as session:
        assert not verify(session).problems
