"""The end of a day in one list: who did not check out, where nobody came, what was on no plan, who did not answer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from timebank.careplans.models import ServiceKind
from timebank.core import clock
from timebank.core.text import T, Text
from timebank.people.models import Person
from timebank.people.queries import people_by_id
from timebank.visits.models import Visit, VisitState
from timebank.visits.queries import carers_of, visits_on


@dataclass(frozen=True)
class Loose:
    """One visit of the day that is not in order, and why."""

    visit: Visit
    elder: Person
    carers: tuple[str, ...]
    why: Text


_WHY: tuple[tuple[Callable[[Visit, int], bool], Text], ...] = (
    (lambda visit, now: visit.state == VisitState.RUNNING, T("somebody arrived and nobody left")),
    (lambda visit, now: visit.state == VisitState.UNREACHED, T("nobody answered the door")),
    (
        lambda visit, now: visit.state == VisitState.PLANNED and now > visit.window_to_minute + visit.duration_minutes,
        T("nobody came"),
    ),
    (
        lambda visit, now: visit.state == VisitState.DUE and visit.service != ServiceKind.PHONE_CHECK,
        T("was on no plan"),
    ),
    (lambda visit, now: visit.state == VisitState.DUE, T("nobody has called")),
    (lambda visit, now: visit.state == VisitState.DONE, T("waits for the elder's nod")),
    (lambda visit, now: visit.state == VisitState.CONFIRMED, T("waits for review")),
)
"""What is settled, refused or called off is done with, whether a plan had it or not."""


def loose_ends(session: Session, area_code: str, on: date) -> list[Loose]:
    """Every visit of a day that somebody must still look at, the most pressing kind first."""
    today = clock.today()
    now = clock.minute_of_day(clock.now()) if on == today else 0 if on > today else 48 * 60
    visits = visits_on(session, area_code, on)
    elders = people_by_id(session, [visit.elder_id for visit in visits])
    carers = carers_of(session, [visit.id for visit in visits])
    found = []
    for visit in visits:
        rank = next((number for number, (applies, _) in enumerate(_WHY) if applies(visit, now)), None)
        if rank is not None:
            names = tuple(person.name for _, person in carers.get(visit.id, []))
            found.append((rank, Loose(visit, elders[visit.elder_id], names, _WHY[rank][1])))
    found.sort(key=lambda row: (row[0], row[1].visit.window_from_minute, row[1].visit.id))
    return [loose for _, loose in found]
