"""Every step of a bed in every state: taken in order, or refused by its own name; each with a paper and an event."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from tests import factories as make
from tests.beds.conftest import DESK, BedAt, contract, paper
from tests.cast import Cast
from timebank.assessments.queries import level_of
from timebank.audit.models import AuditEvent
from timebank.beds import operations, queries
from timebank.beds.models import BedState, CareBed
from timebank.core import clock, db
from timebank.core.actors import Actor, Role
from timebank.core.errors import TimebankError
from timebank.people.models import Household, Person, PersonState
from timebank.people.operations import change_state, merge, propose_merge, relocate, withdraw_consent
from timebank.people.operations.moves import Door

Step = Callable[[Session, CareBed], object]
STEPS: dict[str, tuple[set[BedState], str, Step]] = {
    "assess": (
        {BedState.APPLIED},
        "beds.not_applied",
        lambda s, b: operations.take_over_assessment(s, actor=DESK, bed_id=b.id, paper=paper()),
    ),
    "check": (
        {BedState.ASSESSED},
        "beds.not_assessed",
        lambda s, b: operations.check_home(s, actor=DESK, bed_id=b.id, adaptations=[], paper=paper()),
    ),
    "contract": (
        {BedState.CHECKED},
        "beds.not_checked",
        lambda s, b: operations.sign_contract(s, actor=DESK, bed_id=b.id, contract=contract(), paper=paper()),
    ),
    "begin": (
        {BedState.CONTRACTED},
        "beds.no_contract",
        lambda s, b: operations.begin(s, actor=DESK, bed_id=b.id, paper=paper()),
    ),
    "suspend": (
        {BedState.ACTIVE},
        "beds.not_active",
        lambda s, b: operations.suspend(s, actor=DESK, bed_id=b.id, paper=paper("住院")),
    ),
    "resume": (
        {BedState.SUSPENDED},
        "beds.not_suspended",
        lambda s, b: operations.resume(s, actor=DESK, bed_id=b.id, paper=paper()),
    ),
    "close": (
        set(BedState) - {BedState.CLOSED},
        "beds.closed",
        lambda s, b: operations.close(s, actor=DESK, bed_id=b.id, paper=paper("搬走")),
    ),
}


def refused(code: str) -> "pytest.RaisesExc[TimebankError]":
    return pytest.raises(TimebankError, match=code)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("state", list(BedState))
def test_each_step_is_taken_from_its_states_and_refused_by_name_from_others(
    cast: Cast, bed_at: BedAt, state: BedState, step: str
) -> None:
    allowed, code, take = STEPS[step]
    with db.transaction() as session:
        bed = bed_at(session, cast.chen_popo, state)
        if state in allowed:
            take(session, bed)
            last = queries.steps_of(session, bed.id)[-1]
            assert (last.step, last.state, last.by_user_id) == (step, bed.state, "usr_desk")
            noted = select(AuditEvent.id).where(AuditEvent.subject_id == bed.id, AuditEvent.action == f"beds.{step}")
            assert session.exec(noted).first()
        else:
            with refused("beds.closed" if state == BedState.CLOSED else code):
                take(session, bed)
            assert bed.state == state


def test_who_may_apply_for_whom(cast: Cast, bed_at: BedAt) -> None:
    chen = cast.chen_popo
    with db.transaction() as session:
        stranger = Actor("usr_far", Role.COORDINATOR, make.OTHER_TOWNSHIP)
        with refused("people.no_such_person"):
            operations.apply(session, actor=stranger, elder_id=chen.id, applied_by=chen.id, paper=paper())
        with refused("beds.no_power"):
            operations.apply(session, actor=DESK, elder_id=chen.id, applied_by=cast.li.id, paper=paper())
        with refused("beds.not_an_elder_here"):
            operations.apply(session, actor=DESK, elder_id=cast.li.id, applied_by=cast.li.id, paper=paper())
        with refused("beds.no_consent"):
            daye = cast.ran_daye.id
            operations.apply(session, actor=DESK, elder_id=daye, applied_by=daye, paper=paper())
        operations.apply(session, actor=DESK, elder_id=chen.id, applied_by=cast.xiaofang.id, paper=paper())
        session.flush()
        with refused("beds.has_one"):
            operations.apply(session, actor=DESK, elder_id=chen.id, applied_by=chen.id, paper=paper())


@pytest.mark.parametrize(
    ("level", "days_later", "code"),
    [(None, 0, "beds.no_assessment"), (1, 0, "beds.level_too_low"), (3, 356, "beds.assessment_too_old")],
)
def test_the_assessment_must_be_there_young_and_grave_enough(
    cast: Cast, level: int | None, days_later: int, code: str
) -> None:
    with db.transaction() as session:
        if level is not None:
            make.assessment(session=session, elder=cast.chen_popo, level=level)
        bed = operations.apply(
            session, actor=DESK, elder_id=cast.chen_popo.id, applied_by=cast.chen_popo.id, paper=paper()
        )
        with clock.frozen(clock.now() + timedelta(days=days_later)), refused(code):
            operations.take_over_assessment(session, actor=DESK, bed_id=bed.id, paper=paper())


def test_a_bed_does_not_begin_before_the_home_is_changed_nor_outside_its_contract(cast: Cast, bed_at: BedAt) -> None:
    with db.transaction() as session:
        bed = bed_at(session, cast.chen_popo, BedState.ASSESSED)
        wanted = [("grab_bar_toilet", True), ("light", False)]
        operations.check_home(session, actor=DESK, bed_id=bed.id, adaptations=wanted, paper=paper())
        later = contract(clock.today() + timedelta(days=5))
        operations.sign_contract(session, actor=DESK, bed_id=bed.id, contract=later, paper=paper())
        with refused("beds.adaptations_open"):
            operations.begin(session, actor=DESK, bed_id=bed.id, paper=paper())
        bar = next(change for change in queries.adaptations_of(session, bed.id) if change.before_start)
        done = {"bed_id": bed.id, "adaptation_id": bar.id, "done_on": clock.today()}
        with refused("core.missing"):
            operations.finish_adaptation(session, actor=DESK, evidence=" ", **done)  # type: ignore[arg-type]
        operations.finish_adaptation(session, actor=DESK, evidence="照片在夹子里", **done)  # type: ignore[arg-type]
        with refused("beds.outside_contract"):
            operations.begin(session, actor=DESK, bed_id=bed.id, paper=paper())


def test_a_step_has_a_day_that_can_be_and_a_reason_where_one_is_due(cast: Cast, bed_at: BedAt) -> None:
    with db.transaction() as session:
        bed = bed_at(session, cast.chen_popo, BedState.ACTIVE)
        for days_ago in (-1, 1):
            with refused("beds.bad_day"):
                operations.suspend(session, actor=DESK, bed_id=bed.id, paper=paper("住院", days_ago))
        with refused("core.missing"):
            operations.suspend(session, actor=DESK, bed_id=bed.id, paper=paper())


def test_what_was_lent_comes_back_before_the_end(cast: Cast, bed_at: BedAt) -> None:
    with db.transaction() as session:
        bed = bed_at(session, cast.chen_popo, BedState.ACTIVE)
        chair = operations.lend(
            session, actor=DESK, bed_id=bed.id, kind="wheelchair", mark="轮椅 12", placed_on=clock.today()
        )
        session.flush()
        with refused("beds.equipment_out"):
            operations.close(session, actor=DESK, bed_id=bed.id, paper=paper("搬走"))
        operations.take_back(session, actor=DESK, bed_id=bed.id, equipment_id=chair.id, returned_on=clock.today())
        assert operations.close(session, actor=DESK, bed_id=bed.id, paper=paper("搬走")).state == BedState.CLOSED


def test_a_bed_is_no_way_around_a_withdrawn_consent(cast: Cast) -> None:
    with db.transaction() as session:
        withdraw_consent(session, actor=DESK, person_id=cast.chen_popo.id, purpose="health")
        session.flush()
        with refused("beds.no_consent"):
            operations.apply(
                session, actor=DESK, elder_id=cast.chen_popo.id, applied_by=cast.chen_popo.id, paper=paper()
            )


@pytest.mark.parametrize(
    ("states", "ends"),
    [
        ([PersonState.HOSPITAL], BedState.SUSPENDED),
        ([PersonState.HOSPITAL, PersonState.ACTIVE], BedState.ACTIVE),
        ([PersonState.DEAD], BedState.CLOSED),
        ([PersonState.MOVED], BedState.CLOSED),
    ],
)
def test_the_bed_follows_the_elder_s_life(cast: Cast, bed_at: BedAt, states: list[PersonState], ends: BedState) -> None:
    with db.transaction() as session:
        bed = bed_at(session, cast.chen_popo, BedState.ACTIVE)
        for state in states:
            change_state(session, actor=DESK, person_id=cast.chen_popo.id, state=state, since_on=clock.today())
        assert bed.state == ends


def test_bed_and_assessments_of_a_double_entry_go_to_the_one_that_is_kept(cast: Cast, bed_at: BedAt) -> None:
    with db.transaction() as session:
        home = session.get_one(Household, cast.ran_daye.household_code)
        twice = make.elder(session=session, household=home, name="陈婆婆")
        bed = bed_at(session, twice, BedState.ACTIVE)
        session.flush()
        case = propose_merge(session, actor=DESK, kept_id=cast.chen_popo.id, other_id=twice.id, evidence="同一张身份证")
        second = Actor("usr_second", Role.SUPERVISOR, make.TOWNSHIP)
        merge(session, actor=second, case=case)
        session.flush()
        kept = cast.chen_popo.id
        assert (bed.elder_id, bed.state, level_of(session, kept)) == (kept, BedState.ACTIVE, 3)


def _moves_then_is_in_hospital(session: Session, elder: Person) -> None:
    bureau = Actor("usr_bureau", Role.BUREAU, make.DISTRICT)
    relocate(session, actor=bureau, person_id=elder.id, to=Door(make.OTHER_GROUP, "77", "新家"), since_on=clock.today())
    for state in (PersonState.HOSPITAL, PersonState.ACTIVE):
        change_state(session, actor=bureau, person_id=elder.id, state=state, since_on=clock.today())


def _comes_home_after_the_contract(session: Session, elder: Person) -> None:
    change_state(session, actor=DESK, person_id=elder.id, state=PersonState.HOSPITAL, since_on=clock.today())
    bed = queries.bed_of(session, elder.id)
    assert bed is not None
    bed.ends_on = clock.today() - timedelta(days=1)
    change_state(session, actor=DESK, person_id=elder.id, state=PersonState.ACTIVE, since_on=clock.today())


@pytest.mark.parametrize("life", [_moves_then_is_in_hospital, _comes_home_after_the_contract])
def test_a_bed_that_a_person_must_look_at_does_not_go_on_by_itself(
    cast: Cast, bed_at: BedAt, life: Callable[[Session, Person], None]
) -> None:
    with db.transaction() as session:
        bed = bed_at(session, cast.chen_popo, BedState.ACTIVE)
        life(session, session.get_one(Person, cast.chen_popo.id))
        assert bed.state == BedState.SUSPENDED
