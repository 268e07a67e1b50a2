"""What the clock does for an open case: who is asked next, who has fallen silent, how far it is carried."""

from sqlmodel import Session, col, select

from timebank.core import clock, ids
from timebank.core.actors import SYSTEM
from timebank.core.db import in_area
from timebank.emergency import queries, rules
from timebank.emergency.models import AskState, CaseAsk, CaseEntry, EmergencyCase, EntryKind
from timebank.emergency.operations.log import write


def watch(session: Session, *, area_code: str) -> int:
    """Look after every open case of an area at which nobody is yet; how many there are. For the job of every minute."""
    found = select(EmergencyCase).where(
        in_area(col(EmergencyCase.area_code), area_code),
        col(EmergencyCase.closed_at).is_(None),
        col(EmergencyCase.there_at).is_(None),
    )
    cases = session.exec(found.order_by(EmergencyCase.id).with_for_update()).all()
    for case in cases:
        advance(session, case)
    return len(cases)


def advance(session: Session, case: EmergencyCase) -> None:
    """Do what is due for a case now. Done again at the same time it changes nothing."""
    if case.closed_at is not None or case.there_at is not None:
        return
    now = clock.now()
    helpers = {person.id: helper for helper, person in queries.helpers_of(session, [case.id]).get(case.id, [])}
    asked = [rules.Asked(one.person_id, one.state, one.asked_at, one.answered_at) for one in helpers.values()]
    patience = queries.patience_for(session, case.area_code, clock.local_date(now))
    step = rules.next_step(asked, opened_at=case.opened_at, now=now, patience=patience)
    for person_id in step.silent:
        helpers[person_id].state = AskState.SILENT
        session.add(helpers[person_id])
        write(session, case, EntryKind.SILENT, actor=SYSTEM, person_id=person_id)
    if step.ask:
        _ask_next(session, case, step.ask, place=len(helpers) + 1)
    for level in range(case.level + 1, step.level + 1):
        case.level = level
        session.add(case)
        write(session, case, EntryKind.CARRIED_UP, actor=SYSTEM, level=level)


def _ask_next(session: Session, case: EmergencyCase, number: int, *, place: int) -> None:
    raisers = _raisers(session, case.id)
    could_go = [one for one in queries.who_could_go(session, case, clock.now()) if one.person_id not in raisers]
    for offset, candidate in enumerate(could_go[:number]):
        ask(session, case, candidate, place=place + offset)
    if not could_go:
        _say_once(session, case, EntryKind.NOBODY_LEFT)


def ask(session: Session, case: EmergencyCase, candidate: rules.Candidate, *, place: int) -> CaseAsk:
    """Ask somebody to go; they see it on their phone at once."""
    helper = CaseAsk(
        id=ids.new_id("cah"),
        case_id=case.id,
        person_id=candidate.person_id,
        place=place,
        distance_m=candidate.distance_m,
        is_on_duty=candidate.is_on_duty,
        asked_at=clock.now(),
    )
    session.add(helper)
    session.flush()
    write(session, case, EntryKind.ASKED, actor=SYSTEM, person_id=candidate.person_id)
    return helper


def _raisers(session: Session, case_id: str) -> set[str]:
    """Who raised the alarm: they know, nobody needs to ask them."""
    kinds = (EntryKind.OPENED, EntryKind.ALARM_AGAIN)
    found = select(CaseEntry.person_id).where(CaseEntry.case_id == case_id, col(CaseEntry.kind).in_(kinds))
    return {person_id for person_id in session.exec(found) if person_id}


def _say_once(session: Session, case: EmergencyCase, kind: EntryKind) -> None:
    known = select(CaseEntry.id).where(CaseEntry.case_id == case.id, CaseEntry.kind == kind)
    if session.exec(known).first() is None:
        write(session, case, kind, actor=SYSTEM)
