"""What speaks against visiting an elder on a day, and visits that were called off and stand again.

The generator, a return from hospital, the end of an absence and a second try all ask here, so that none of them makes a
visit which another would refuse.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, partial

from sqlmodel import Session, col, select

from timebank.careplans.models import Absence, AbsenceKind, CareItem, CarePlan, ServiceKind
from timebank.careplans.queries import absences_in, absences_of, consents_in, consents_of, contraindications_of
from timebank.core.errors import Refused
from timebank.core.text import T, Text
from timebank.people.models import Person, PersonState
from timebank.people.queries import open_cases_of
from timebank.visits import queries
from timebank.visits.models import CarerState, Visit, VisitCarer, VisitState

WITHDRAWN = "withdrawn"  # flag of a visit that was taken back and may stand again
NOT_HERE = (PersonState.HOSPITAL, PersonState.AWAY, PersonState.MOVED, PersonState.DEAD, PersonState.MERGED)
_FOR_A_WHILE = (PersonState.HOSPITAL, PersonState.AWAY)
_PURPOSES = ("visits", "health")
NOT_AT_HOME = T("the elder is not at home")
NO_CONSENT = T("the elder does not agree any more that the office keeps this")
NO_BATH = T("the care plan says that a bath would do harm")
ABSENCE_REASONS: dict[str, Text] = {
    "hospital": T("in hospital on this day"),
    "with_family": T("with the family elsewhere on this day"),
    "family_here": T("the family is home and takes over"),
    "elsewhere": T("not at home on this day"),
}


@dataclass(frozen=True)
class Hindrances:
    """What is known of elders that speaks against visits: where they are, known absences, consents."""

    absences: Mapping[str, Sequence[Absence]]
    consents: Mapping[str, frozenset[str]]
    not_to_bathe: Collection[str]
    back_on: Callable[[str], date | None]

    @classmethod
    def of_area(
        cls,
        session: Session,
        area_code: str,
        items: Sequence[tuple[CareItem, CarePlan, Person]],
        days: tuple[date, date],
    ) -> "Hindrances":
        """Read once for every elder of an area with items in force, and the days from one to another."""
        absences = absences_in(session, area_code, *days)
        not_to_bathe = {elder.id for _, care_plan, elder in items if care_plan.contraindications}
        consents = consents_in(session, area_code, _PURPOSES)
        return cls(absences, consents, not_to_bathe, cache(partial(_back_on, session)))

    @classmethod
    def of_elder(cls, session: Session, elder: Person, since_on: date) -> "Hindrances":
        """For one elder, from a day on."""
        session.flush()
        absences, consents = absences_of(session, elder.id, since_on), consents_of(session, elder.id, _PURPOSES)
        not_to_bathe = [elder.id] if contraindications_of(session, elder.id, since_on) else []
        return cls({elder.id: absences}, {elder.id: consents}, not_to_bathe, partial(_back_on, session))

    def against(self, elder: Person, on: date, service: ServiceKind) -> Text | None:
        """Why an elder is not visited on a day by a care plan; None if nothing of this speaks against it."""
        return self.not_at_home(elder, on) or self.not_agreed(elder, service) or self.would_do_harm(elder, service)

    def not_at_home(self, elder: Person, on: date) -> Text | None:
        """Why an elder is not there on a day, or is looked after by the family."""
        back_on = self.back_on(elder.id) if elder.state in _FOR_A_WHILE else None
        if elder.state in NOT_HERE and (back_on is None or on < back_on):
            return NOT_AT_HOME
        away = (absence for absence in self.absences.get(elder.id, ()) if _covers(absence, on))
        return ABSENCE_REASONS[absence.kind] if (absence := next(away, None)) else None

    def not_agreed(self, elder: Person, service: ServiceKind) -> Text | None:
        """A bath cannot be safe without health data."""
        needed = set(_PURPOSES) if service == ServiceKind.BATH else {"visits"}
        return None if needed <= self.consents.get(elder.id, frozenset()) else NO_CONSENT

    def would_do_harm(self, elder: Person, service: ServiceKind) -> Text | None:
        """A bath that the gate at the door would stop anyway sends two people there for nothing."""
        return NO_BATH if service == ServiceKind.BATH and elder.id in self.not_to_bathe else None


def _back_on(session: Session, elder_id: str) -> date | None:
    """The expected day of return of somebody in hospital or away, as their case says."""
    cases = open_cases_of(session, elder_id)
    until = [str(case.detail["until"]) for case in cases if case.detail.get("until")]
    return date.fromisoformat(until[-1]) if until else None


def _covers(absence: Absence, on: date) -> bool:
    return absence.first_on <= on and (absence.last_on is None or on <= absence.last_on)


def refuse_not_at_home(session: Session, elder: Person, on: date | None) -> None:
    """Refuse to send somebody to an elder who is not at home, or of whom it is known that they will not be on a day.

    Where the family is home and takes over, the elder is there: what is asked for all the same is wanted. Without a day
    nothing is asked of absences: somebody worries, and what was told beforehand may be wrong.
    """
    if elder.state in NOT_HERE:
        raise Refused("visits.elder_not_home", T("The elder is not at home just now. Ask again when they are back."))
    for one in absences_of(session, elder.id, on) if on else ():
        if one.kind != AbsenceKind.FAMILY_HERE and on and _covers(one, on):
            text = T(
                "The elder is not there: {reason}. Choose another day, or end the absence first.",
                reason=ABSENCE_REASONS[one.kind],
            )
            raise Refused("visits.elder_away_then", text, field="due_on")


def stand_again(session: Session, elder: Person, called_off: Sequence[Visit]) -> int:
    """Make visits of care plans that were called off stand again, where nothing else speaks against them; how many.

    The others stay called off for the reason that holds now, so that the end of that brings them back.
    """
    if not called_off:
        return 0
    known = Hindrances.of_elder(session, elder, min(visit.due_on for visit in called_off))
    again = []
    for visit in called_off:
        reason = known.against(elder, visit.due_on, visit.service)
        if reason is None:
            again.append(visit)
        else:
            visit.cancel_reason = reason.msgid
            session.add(visit)
    revive(session, [(visit, elder) for visit in again])
    return len(again)


def revive(session: Session, visits: Sequence[tuple[Visit, Person]]) -> None:
    """Let visits stand again at the elder's door of now. Who was to come is asked anew: they were told not to."""
    for visit, elder in visits:
        visit.state, visit.cancel_reason, visit.day_plan_id = VisitState.DUE, "", None
        visit.flags = [flag for flag in visit.flags if flag != WITHDRAWN]
        visit.area_code, visit.household_code = elder.area_code, elder.household_code
        session.add(visit)
    coming = select(VisitCarer).where(
        col(VisitCarer.visit_id).in_([visit.id for visit, _ in visits]), col(VisitCarer.state).in_(queries.COMING)
    )
    for carer in session.exec(coming):
        carer.state = CarerState.REPLACED
        session.add(carer)
