"""Deciding rules: one person proposes, another approves (reliability.md: two people for high-value actions)."""

from datetime import date
from typing import Any

from sqlmodel import Session

from timebank.audit.operations import note
from timebank.core import clock, ids
from timebank.core.actors import Actor
from timebank.core.errors import NotAllowed, NotFound, Refused
from timebank.core.text import T
from timebank.policies.models import PolicyVersion
from timebank.policies.queries import next_serial
from timebank.policies.rules import check_change, may_decide


def propose(
    session: Session, *, actor: Actor, area_code: str, starts_on: date, changes: dict[str, Any], note_text: str = ""
) -> PolicyVersion:
    """Propose rules for an area from a day on. Nothing changes until somebody else approves.

    Refuses a start in the past (closed months must print the same for ever), an empty change, values out of bounds, and
    a township's word on what the district alone decides.
    """
    if starts_on < clock.today():
        raise Refused("policies.start_in_past", T("A rule can start today at the earliest."), field="starts_on")
    if not changes:
        raise Refused("policies.nothing_changed", T("Change at least one rule."))
    if not all(may_decide(area_code, name) for name in changes):
        text = T("Closing months and the fund are the district's: a township cannot decide about them.")
        raise Refused("policies.district_decides", text)
    checked = {name: check_change(name, value) for name, value in changes.items()}
    row = PolicyVersion(
        id=ids.new_id("pol"),
        area_code=area_code,
        starts_on=starts_on,
        changes=checked,
        note=note_text,
        proposed_by=actor.user_id,
        created_at=clock.now(),
        serial=next_serial(session, area_code),
    )
    session.add(row)
    note(session, actor=actor, action="policies.propose", subject_id=row.id, area_code=area_code, changes=checked)
    return row


def approve(session: Session, *, actor: Actor, version_id: str) -> PolicyVersion:
    """Put a proposal in force. Refuses the proposer, a start that has passed, and a second approval."""
    row = session.get(PolicyVersion, version_id, with_for_update=True)
    if row is None or not actor.scope.holds_area(row.area_code):
        raise NotFound("policies.no_such_version", T("There is no such proposal in your area."))
    if row.approved_by:
        raise Refused("policies.approved_already", T("This rule is approved already."))
    if row.proposed_by == actor.user_id:
        raise NotAllowed("policies.own_proposal", T("Another person must approve what you proposed."))
    if row.starts_on < clock.today():
        raise Refused("policies.start_in_past", T("A rule can start today at the earliest."), field="starts_on")
    row.approved_by = actor.user_id
    session.add(row)
    note(session, actor=actor, action="policies.approve", subject_id=row.id, area_code=row.area_code)
    return row
