"""The end of an emergency: a report, or it stays open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from timebank.audit.operations import note
from timebank.core import clock, crypto
from timebank.core.actors import SYSTEM, Actor
from timebank.core.errors import BadInput
from timebank.core.text import T
from timebank.emergency import rules
from timebank.emergency.models import AskState, CaseEnding, CaseReport, EmergencyCase, EntryKind
from timebank.emergency.operations.going import release
from timebank.emergency.operations.log import open_and_locked, write
from timebank.people.queries import people_by_id
from timebank.visiting import operations as visiting
from timebank.visiting.models import UnreachedCase, UnreachedStep
from timebank.visits import operations as visits
from timebank.visits.models import EventKind, Visit, VisitEvent

_ANSWER = T("An emergency case was opened and closed with a report.")


@dataclass(frozen=True)
class ReportIn:
    """The closing report: how it ended, what happened, since when somebody was there, when it was over, who went."""

    ending: CaseEnding
    words: str
    over_at: datetime
    there_at: datetime | None = None
    who: Sequence[str] = ()


def close_case(session: Session, *, actor: Actor, case_id: str, report: ReportIn) -> CaseReport:
    """Close an emergency with its report; the only way to close one.

    Refuses a report that leaves open what happened, when, or who was there. The alarm of a visit and the search for an
    elder from which it came are answered with it, and those that came while it was open.
    """
    case = open_and_locked(session, actor, case_id)
    rules.check_report(
        words=report.words,
        ending=report.ending,
        opened_at=case.opened_at,
        there_at=report.there_at,
        over_at=report.over_at,
        who=report.who,
        now=clock.now(),
    )
    known = people_by_id(session, report.who)
    if set(report.who) - set(known):
        raise BadInput("emergency.report_unknown", T("Choose people from the list."), field="who")
    made = CaseReport(
        case_id=case.id,
        ending=report.ending,
        words_sealed=crypto.vault().seal(report.words.strip()),
        there_at=report.there_at,
        over_at=report.over_at,
        who=sorted(known),
        by_user_id=actor.user_id,
        at=clock.now(),
    )
    case.closed_at = clock.now()
    case.there_at = report.there_at or case.there_at
    session.add_all([made, case])
    session.flush()
    release(session, case, (AskState.ASKED, AskState.SILENT, AskState.COMING))
    write(session, case, EntryKind.CLOSED, actor=actor)
    _answer_sources(session, case)
    note(session, actor=actor, action="emergency.close", subject_id=case.id, area_code=case.area_code)
    return made


def _answer_sources(session: Session, case: EmergencyCase) -> None:
    """What the case came from, and every alarm that became a line in its log, needs nobody any more."""
    again = (
        select(VisitEvent.id)
        .join(Visit, col(Visit.id) == VisitEvent.visit_id)
        .where(Visit.elder_id == case.elder_id, VisitEvent.kind == EventKind.SOS)
        .where(VisitEvent.server_at >= case.opened_at)
        .order_by(col(VisitEvent.server_at), col(VisitEvent.id))
    )
    events = list(session.exec(again))
    if (case.source_key or "").startswith("event:"):
        events.insert(0, str(case.source_key).removeprefix("event:"))
    for event_id in dict.fromkeys(events):
        _answer(session, event_id)


def _answer(session: Session, event_id: str) -> None:
    """End the search for the elder that raised an alarm, or answer the alarm of a visit."""
    search = session.exec(
        select(UnreachedStep.case_id)
        .join(UnreachedCase, col(UnreachedCase.id) == UnreachedStep.case_id)
        .where(UnreachedStep.event_id == event_id, col(UnreachedCase.closed_at).is_(None))
    ).first()
    if search:
        visiting.answer_search(session, actor=SYSTEM, case_id=search, words=str(_ANSWER))
    else:
        visits.answer_alarm(session, actor=SYSTEM, event_id=event_id, words=str(_ANSWER))
