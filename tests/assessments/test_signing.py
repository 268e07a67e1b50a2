"""Two people sign, the server counts, the elder's side may disagree; nobody assesses kin; answers lie sealed."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At
from timebank.assessments import operations, queries
from timebank.assessments.models import Assessment, AssessmentState
from timebank.audit.models import AuditEvent
from timebank.core import clock, db
from timebank.core.actors import Actor, Role
from timebank.core.errors import TimebankError
from timebank.people.operations import withdraw_consent

FIRST = Actor("usr_one", Role.COORDINATOR, make.TOWNSHIP)
SECOND = Actor("usr_two", Role.SUPERVISOR, make.TOWNSHIP)
THIRD = Actor("usr_three", Role.COORDINATOR, make.TOWNSHIP)
FOURTH = Actor("usr_four", Role.COORDINATOR, make.TOWNSHIP)
ELSEWHERE = Actor("usr_far", Role.COORDINATOR, make.OTHER_TOWNSHIP)


def begun(session: Session, cast: Cast, actor: Actor = FIRST, reason: str = "first") -> Assessment:
    return operations.begin(session, actor=actor, elder_id=cast.chen_popo.id, reason=reason, assessed_on=None)


def signed_once(session: Session, cast: Cast, *, level: int = 2, reason: str = "first") -> Assessment:
    made = begun(session, cast, reason=reason)
    operations.save_draft(session, actor=FIRST, assessment_id=made.id, values=make.answers(level=level))
    return operations.sign_first(session, actor=FIRST, assessment_id=made.id)


def refused(code: str) -> "pytest.RaisesExc[TimebankError]":
    return pytest.raises(TimebankError, match=code)


def test_an_assessment_counts_when_two_people_signed(cast: Cast) -> None:
    with db.transaction() as session:
        made = signed_once(session, cast, level=3)
        assert (made.state, made.level) == (AssessmentState.WAITING, 3)
        assert queries.level_of(session, cast.chen_popo.id) is None
        operations.sign_second(session, actor=SECOND, assessment_id=made.id)
        session.flush()
        assert queries.level_of(session, cast.chen_popo.id) == 3
        assert queries.counts_the_same(made)
        assert (made.first_assessor_id, made.second_assessor_id) == ("usr_one", "usr_two")
        noted = session.exec(select(AuditEvent.action).where(AuditEvent.subject_id == made.id)).all()
        assert sorted(noted) == [f"assessments.{verb}" for verb in ("begin", "sign_first", "sign_second")]


def test_what_was_answered_is_nowhere_in_the_database_in_plain(cast: Cast) -> None:
    with db.transaction() as session:
        made = begun(session, cast)
        values = {"notes": "夜里起来摔过", "fact-dementia": "yes"}
        operations.save_draft(session, actor=FIRST, assessment_id=made.id, values=make.answers() | values)
        operations.sign_first(session, actor=FIRST, assessment_id=made.id)
        session.flush()
        row = session.connection().execute(sa.text("SELECT * FROM assessment")).mappings().one()
        plain = " ".join(map(str, row.values()))
        assert not [word for word in ("夜里", "dementia", "eating", "trace") if word in plain]
        assert queries.opened(made).notes == "夜里起来摔过"


def test_a_level_that_somebody_wrote_into_the_row_is_counted_again(cast: Cast) -> None:
    with db.transaction() as session:
        made = signed_once(session, cast, level=2)
        made.level = 4
        session.add(made)
        operations.sign_second(session, actor=SECOND, assessment_id=made.id)
        assert made.level == 2


@pytest.mark.parametrize("who", [FIRST, ELSEWHERE])
def test_the_second_signature_is_somebody_else_s_of_this_area(cast: Cast, who: Actor) -> None:
    with db.transaction() as session:
        made = signed_once(session, cast)
        with refused("same_assessor" if who is FIRST else "no_such_assessment"):
            operations.sign_second(session, actor=who, assessment_id=made.id)


def test_a_form_with_a_gap_is_not_signed_and_stays(cast: Cast) -> None:
    with db.transaction() as session:
        made = begun(session, cast)
        values = make.answers() | {"memory": ""}
        operations.save_draft(session, actor=FIRST, assessment_id=made.id, values=values)
        with refused("missing_answers"):
            operations.sign_first(session, actor=FIRST, assessment_id=made.id)
        assert made.state == AssessmentState.DRAFT


def test_nothing_of_a_sending_with_a_wrong_answer_is_kept(cast: Cast) -> None:
    with db.transaction() as session:
        made = begun(session, cast)
        with refused("no_such_score"):
            operations.save_draft(session, actor=FIRST, assessment_id=made.id, values={"eating": "4", "stairs": "9"})
        assert queries.opened(made).answers.scores == {}


def test_only_who_began_fills_in_and_nobody_after_signing(cast: Cast) -> None:
    with db.transaction() as session:
        made = begun(session, cast)
        with refused("not_your_draft"):
            operations.save_draft(session, actor=SECOND, assessment_id=made.id, values={"eating": "4"})
        operations.save_draft(session, actor=FIRST, assessment_id=made.id, values=make.answers())
        operations.sign_first(session, actor=FIRST, assessment_id=made.id)
        with refused("not_a_draft"):
            operations.save_draft(session, actor=FIRST, assessment_id=made.id, values={"eating": "4"})


def test_the_second_assessor_may_send_it_back(cast: Cast) -> None:
    with db.transaction() as session:
        made = signed_once(session, cast)
        operations.send_back(session, actor=SECOND, assessment_id=made.id, words="下楼梯再看一次")
        assert (made.state, made.level, queries.opened(made).sent_back) == ("draft", None, "下楼梯再看一次")
        operations.save_draft(session, actor=FIRST, assessment_id=made.id, values={"stairs": "0"})
        operations.sign_first(session, actor=FIRST, assessment_id=made.id)
        assert operations.sign_second(session, actor=SECOND, assessment_id=made.id).state == AssessmentState.VALID


def test_who_begins_again_gets_the_same_form_and_others_wait(cast: Cast) -> None:
    with db.transaction() as session:
        made = begun(session, cast)
        assert begun(session, cast).id == made.id
        with refused("one_open"):
            begun(session, cast, actor=SECOND)
        operations.withdraw(session, actor=SECOND, assessment_id=made.id)
        session.flush()
        assert begun(session, cast, actor=SECOND).id != made.id


def test_who_may_assess(cast: Cast) -> None:
    with db.transaction() as session:
        assistant = Actor(cast.users["wang"], Role.ASSISTANT, make.VILLAGE, cast.wang.id)
        with refused("not_an_assessor"):
            begun(session, cast, actor=assistant)
        daughter = Actor("usr_x", Role.COORDINATOR, make.TOWNSHIP, cast.xiaofang.id)
        with refused("own_family"):
            begun(session, cast, actor=daughter)
        withdraw_consent(session, actor=FIRST, person_id=cast.chen_popo.id, purpose="health")
        session.flush()
        with refused("no_consent"):
            begun(session, cast)


@pytest.mark.parametrize(("has_one", "reason"), [(False, "routine"), (True, "first"), (True, "dispute")])
def test_the_reason_fits_what_was_before(cast: Cast, has_one: bool, reason: str) -> None:
    with db.transaction() as session:
        if has_one:
            make.assessment(session=session, elder=cast.chen_popo)
        with refused("no_dispute" if reason == "dispute" else "wrong_reason"):
            begun(session, cast, reason=reason)


def test_a_dispute_is_settled_by_two_other_people(cast: Cast, at: At) -> None:
    with db.transaction() as session:
        made = signed_once(session, cast, level=1)
        operations.sign_second(session, actor=SECOND, assessment_id=made.id)
        session.flush()
        daughter = Actor(
            cast.users["xiaofang"], Role.ELDER, make.VILLAGE, cast.xiaofang.id, frozenset({cast.chen_popo.id})
        )
        dispute = operations.raise_dispute(session, actor=daughter, assessment_id=made.id, words="她现在站不起来了")
        with refused("disputed_already"):
            operations.raise_dispute(session, actor=daughter, assessment_id=made.id, words="再说一次")
        for who in (FIRST, SECOND):
            with refused("same_assessors"):
                begun(session, cast, actor=who, reason="dispute")
        again = begun(session, cast, actor=THIRD, reason="dispute")
        operations.save_draft(session, actor=THIRD, assessment_id=again.id, values=make.answers(level=3))
        operations.sign_first(session, actor=THIRD, assessment_id=again.id)
        with refused("same_assessors"):
            operations.sign_second(session, actor=SECOND, assessment_id=again.id)
        assert queries.level_of(session, cast.chen_popo.id) == 1  # in force until the other is
        at("2026-11-03 15:00")
        operations.sign_second(session, actor=FOURTH, assessment_id=again.id)
        session.flush()
        assert (queries.level_of(session, cast.chen_popo.id), dispute.settled_by_id) == (3, again.id)


def test_for_no_reason_do_the_disputed_ones_assess_again(cast: Cast) -> None:
    with db.transaction() as session:
        made = signed_once(session, cast, level=1)
        operations.sign_second(session, actor=SECOND, assessment_id=made.id)
        session.flush()
        under_way = begun(session, cast, reason="other")
        dispute = operations.raise_dispute(session, actor=FIRST, assessment_id=made.id, words="她现在站不起来了")
        operations.save_draft(session, actor=FIRST, assessment_id=under_way.id, values=make.answers())
        with refused("same_assessors"):
            operations.sign_first(session, actor=FIRST, assessment_id=under_way.id)
        operations.withdraw(session, actor=FIRST, assessment_id=under_way.id)
        session.flush()
        with refused("same_assessors"):
            begun(session, cast, actor=SECOND, reason="other")
        assert begun(session, cast, actor=THIRD, reason="immediate").answers_dispute_id == dispute.id


def test_a_form_under_way_ends_with_the_consent(cast: Cast) -> None:
    with db.transaction() as session:
        made = signed_once(session, cast)
        withdraw_consent(session, actor=FIRST, person_id=cast.chen_popo.id, purpose="health")
        assert (made.state, made.level, queries.opened(made).answers.scores) == (AssessmentState.WITHDRAWN, None, {})
        with refused("not_waiting"):
            operations.sign_second(session, actor=SECOND, assessment_id=made.id)


def test_a_new_assessment_does_not_lie_before_the_one_in_force(cast: Cast) -> None:
    with db.transaction() as session:
        make.assessment(session=session, elder=cast.chen_popo, days_ago=3)
        session.flush()
        made = begun(session, cast, reason="routine")
        values = make.answers() | {"assessed_on": str(clock.today() - timedelta(days=4))}
        operations.save_draft(session, actor=FIRST, assessment_id=made.id, values=values)
        with refused("before_the_last"):
            operations.sign_first(session, actor=FIRST, assessment_id=made.id)


def test_after_the_days_to_dispute_it_is_too_late(cast: Cast, at: At) -> None:
    with db.transaction() as session:
        made = make.assessment(session=session, elder=cast.chen_popo)
    at("2026-12-04 09:00")
    with db.transaction() as session, refused("dispute_too_late"):
        operations.raise_dispute(session, actor=FIRST, assessment_id=made.id, words="不对")


def test_due_ones_are_listed_the_longest_waiting_first(cast: Cast, at: At) -> None:
    with db.transaction() as session:
        for elder in (cast.chen_popo, cast.hu_daye):
            make.assessment(session=session, elder=elder)
        today = clock.today()
        assert queries.due_in(session, make.DISTRICT, today) == []
        later = today + timedelta(days=400)
        assert [row.elder.id for row in queries.due_in(session, make.TOWNSHIP, later)] == [cast.chen_popo.id]
        assert len(queries.due_in(session, make.DISTRICT, later)) == 2
        rows = {row.area.code: (row.by_level, row.overdue) for row in queries.level_figures(session, "500156", later)}
        assert rows[make.TOWNSHIP] == ((0, 0, 1, 0, 0), 1)


def test_when_an_assessment_is_due_goes_by_the_rules_of_the_elder_s_township_whoever_asks(cast: Cast) -> None:
    with db.transaction() as session:
        make.rules_of(session=session, area_code=make.TOWNSHIP, changes={"assessment.interval_months": 6})
        for elder in (cast.chen_popo, cast.hu_daye):
            make.assessment(session=session, elder=elder)
        later = clock.today() + timedelta(days=200)
        for area in (make.VILLAGE, make.TOWNSHIP, make.DISTRICT):
            assert [row.elder.id for row in queries.due_in(session, area, later)] == [cast.chen_popo.id]
            rows = queries.level_figures(session, area, later)
            part = make.TOWNSHIP if area == make.DISTRICT else make.VILLAGE
            assert [row.area.code for row in rows if row.overdue] == [part]


def test_forms_that_nobody_finished_are_deleted(cast: Cast, at: At) -> None:
    with db.transaction() as session:
        made = begun(session, cast)
        operations.save_draft(session, actor=FIRST, assessment_id=made.id, values={"eating": "1"})
    at("2026-12-04 09:00")
    with db.transaction() as session:
        assert operations.drop_old_drafts(session, area_code=make.DISTRICT) == 1
        kept = session.get_one(Assessment, made.id)
        assert (kept.state, queries.opened(kept).answers.scores) == (AssessmentState.WITHDRAWN, {})
