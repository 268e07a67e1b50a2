"""The log of drills."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from timebank.audit.operations import note
from timebank.core import clock, ids
from timebank.core.actors import Actor
from timebank.core.errors import BadInput, NotFound
from timebank.core.text import T
from timebank.emergency.models import CaseKind, Drill

_MOST_WORDS = 400


@dataclass(frozen=True)
class DrillIn:
    """What is written down about a drill."""

    area_code: str
    on: date
    kind: CaseKind
    people: int
    minutes_to_help: int
    went_well: str
    to_mend: str = ""


def record_drill(session: Session, *, actor: Actor, drill: DrillIn) -> Drill:
    """Write down a drill of a township. Refuses days to come or of last year, and drills in which nobody took part."""
    if len(drill.area_code) != 9 or not actor.scope.holds_area(drill.area_code):
        raise NotFound("areas.no_such_area", T("There is no such place."))
    if not date(clock.today().year - 1, 1, 1) <= drill.on <= clock.today():
        raise BadInput("emergency.drill_day", T("Choose a day of this year or last year."), field="on")
    if not 2 <= drill.people <= 2_000 or not 0 <= drill.minutes_to_help <= 600:
        text = T("At least two people took part, and help came within ten hours.")
        raise BadInput("emergency.drill_numbers", text, field="people")
    if not drill.went_well.strip():
        raise BadInput("core.missing", T("Please fill this in."), field="went_well")
    made = Drill(
        id=ids.new_id("drl"),
        area_code=drill.area_code,
        on=drill.on,
        kind=drill.kind,
        people=drill.people,
        minutes_to_help=drill.minutes_to_help,
        went_well=drill.went_well.strip()[:_MOST_WORDS],
        to_mend=drill.to_mend.strip()[:_MOST_WORDS],
        by_user_id=actor.user_id,
        at=clock.now(),
    )
    session.add(made)
    session.flush()
    note(session, actor=actor, action="emergency.record_drill", subject_id=made.id, area_code=made.area_code)
    return made
