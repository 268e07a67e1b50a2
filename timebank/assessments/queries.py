"""Reading assessments: always within the caller's scope; answers are opened here and nowhere else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, or_, select

from timebank.areas.models import Area, AreaKind
from timebank.areas.queries import areas_within
from timebank.assessments import scales
from timebank.assessments.models import Assessment, AssessmentDispute, AssessmentState
from timebank.assessments.rules import Answers, evaluate, next_due
from timebank.core import crypto
from timebank.core.actors import Actor, Role, Scope
from timebank.core.db import in_area, in_scope
from timebank.core.limits import MAX_FORGOTTEN_AT_ONCE, PAGE_ROWS
from timebank.people.models import Kinship, Person, PersonState
from timebank.people.queries import valid_qualifications
from timebank.policies.queries import in_force

OPEN_STATES = (AssessmentState.DRAFT, AssessmentState.WAITING)


@dataclass(frozen=True)
class Content:
    """What lies sealed in an assessment."""

    answers: Answers = field(default_factory=Answers)
    notes: str = ""
    sent_back: str = ""  # what the second assessor asked to look at again
    total: int | None = None
    trace: tuple[Mapping[str, Any], ...] = ()


DELETED = ""  # what stands for the content of an assessment whose answers were kept long enough


def opened(assessment: Assessment) -> Content:
    """The content of an assessment; an empty one where it was deleted."""
    if assessment.content_sealed == DELETED:
        return Content()
    raw = crypto.vault().open(assessment.content_sealed)
    answers = Answers(raw.get("scores", {}), raw.get("facts", {}), raw.get("events", {}))
    return Content(
        answers, raw.get("notes", ""), raw.get("sent_back", ""), raw.get("total"), tuple(raw.get("trace", []))
    )


def as_typed(assessment: Assessment) -> dict[str, str]:
    """Each answered field of the form with the text that it would send."""
    content = opened(assessment)
    answers = content.answers
    return {
        **{name: str(score) for name, score in answers.scores.items()},
        **{f"fact-{name}": "yes" if true else "no" for name, true in answers.facts.items()},
        **{f"event-{name}": str(times) for name, times in answers.events.items()},
        "assessed_on": assessment.assessed_on.isoformat(),
        "notes": content.notes,
    }


def counts_the_same(assessment: Assessment) -> bool:
    """Whether the kept answers, counted again by the scale file of today, give the kept level; deleted ones do."""
    if assessment.content_sealed == DELETED:
        return True
    content, scale = opened(assessment), scales.scale(assessment.scale)
    outcome = evaluate(scale, content.answers)
    return (outcome.level, outcome.total) == (assessment.level, content.total)


def assessment_for(session: Session, scope: Scope, assessment_id: str) -> Assessment | None:
    """The assessment if the scope may see it: by area for offices, one's own and those one acts for otherwise."""
    mine = in_scope(scope, col(Assessment.area_code), col(Assessment.elder_id))
    return session.exec(select(Assessment).where(Assessment.id == assessment_id, mine)).first()


def history(session: Session, elder_id: str) -> list[Assessment]:
    """An elder's valid assessments, the latest first."""
    found = select(Assessment).where(Assessment.elder_id == elder_id, Assessment.state == AssessmentState.VALID)
    latest_first = [col(by).desc() for by in (Assessment.assessed_on, Assessment.second_signed_at, Assessment.id)]
    return list(session.exec(found.order_by(*latest_first)))


def superseded(session: Session, area_code: str, since: datetime) -> Sequence[Assessment]:
    """Valid assessments with answers behind which another one was signed before an instant; a limited number, by id.

    None of an elder whose side disputes: the next assessors, and a court, may want to see what was answered before.
    """
    latest_first = [col(by).desc() for by in (Assessment.assessed_on, Assessment.second_signed_at, Assessment.id)]
    next_signed_at = sa.func.lag(Assessment.second_signed_at).over(
        partition_by=col(Assessment.elder_id), order_by=latest_first
    )
    valid = select(Assessment.id, next_signed_at.label("next_at")).where(
        in_area(col(Assessment.area_code), area_code), Assessment.state == AssessmentState.VALID
    )
    followed = valid.subquery().c
    disputed = AssessmentDispute.elder_id == Assessment.elder_id
    open_dispute = select(AssessmentDispute.id).where(disputed, col(AssessmentDispute.settled_by_id).is_(None))
    found = select(Assessment).where(
        col(Assessment.id).in_(select(followed.id).where(followed.next_at < since)),
        Assessment.content_sealed != DELETED,
        ~open_dispute.exists(),
    )
    return session.exec(found.order_by(Assessment.id).limit(MAX_FORGOTTEN_AT_ONCE)).all()


def latest_assessment(session: Session, elder_id: str) -> Assessment | None:
    """An elder's assessment in force: the latest that both assessors signed."""
    return next(iter(history(session, elder_id)), None)


def level_of(session: Session, elder_id: str) -> int | None:
    """An elder's level of dependency, 0 to 4, or None before the first assessment."""
    latest = latest_assessment(session, elder_id)
    return latest.level if latest else None


def open_one(session: Session, elder_id: str) -> Assessment | None:
    """The assessment of an elder that is under way, if any."""
    found = select(Assessment).where(Assessment.elder_id == elder_id, col(Assessment.state).in_(OPEN_STATES))
    return session.exec(found).first()


def under_way(session: Session, scope: Scope) -> list[tuple[Assessment, Person]]:
    """Assessments of a scope's area that are not valid yet, the oldest first."""
    found = (
        select(Assessment, Person)
        .where(in_area(col(Assessment.area_code), scope.area_code), Person.id == Assessment.elder_id)
        .where(col(Assessment.state).in_(OPEN_STATES))
        .order_by(col(Assessment.changed_at), col(Assessment.id))
        .limit(PAGE_ROWS)
    )
    return [(assessment, elder) for assessment, elder in session.exec(found)]


def disputes_of(session: Session, elder_id: str) -> dict[str, AssessmentDispute]:
    """The disputes about an elder's assessments, by assessment."""
    found = select(AssessmentDispute).where(AssessmentDispute.elder_id == elder_id)
    return {dispute.assessment_id: dispute for dispute in session.exec(found)}


def open_disputes(session: Session, scope: Scope) -> list[tuple[AssessmentDispute, Person]]:
    """Disputes of a scope's area that no new assessment has settled yet, the oldest first."""
    found = (
        select(AssessmentDispute, Person)
        .where(in_area(col(AssessmentDispute.area_code), scope.area_code), Person.id == AssessmentDispute.elder_id)
        .where(col(AssessmentDispute.settled_by_id).is_(None))
        .order_by(col(AssessmentDispute.raised_at))
        .limit(PAGE_ROWS)
    )
    return [(dispute, elder) for dispute, elder in session.exec(found)]


def words_of(dispute: AssessmentDispute) -> str:
    """What the elder's side said."""
    return str(crypto.vault().open(dispute.words_sealed))


def is_near(session: Session, person_id: str | None, elder: Person) -> bool:
    """Whether somebody is the elder, lives in the same home, or is kin: they do not assess."""
    if person_id is None:
        return False
    person = session.get(Person, person_id)
    if person_id == elder.id or (person and person.household_code == elder.household_code):
        return True
    pairs = select(Kinship.id).where(
        or_(
            (col(Kinship.person_id) == elder.id) & (col(Kinship.kin_id) == person_id),
            (col(Kinship.kin_id) == elder.id) & (col(Kinship.person_id) == person_id),
        )
    )
    return session.exec(pairs).first() is not None


def may_assess(session: Session, actor: Actor, on: date) -> bool:
    """Whether a login may assess: the township's desk always, a village assistant with the certificate for it."""
    if actor.role in (Role.COORDINATOR, Role.SUPERVISOR):
        return True
    held = valid_qualifications(session, [actor.person_id or ""], on).get(actor.person_id or "", frozenset())
    return actor.role == Role.ASSISTANT and "assessor" in held


@dataclass(frozen=True)
class Due:
    """An elder whose next routine assessment is due on a day."""

    elder: Person
    latest: Assessment
    due_on: date


def due_in(session: Session, area_code: str, today: date, *, ahead_days: int = 30) -> list[Due]:
    """Elders of an area whose routine assessment is due within some days or overdue, the longest waiting first."""
    rows = _latest_with_elders(session, area_code)
    due = [
        Due(elder, latest, next_due(latest.assessed_on, _interval(session, elder.area_code, today)))
        for latest, elder in rows
    ]
    limit = today + timedelta(days=ahead_days)
    return sorted((row for row in due if row.due_on <= limit), key=lambda row: (row.due_on, row.elder.id))


def _interval(session: Session, area_code: str, today: date) -> int:
    """The months between two assessments, by the rules of the township: the same whoever asks."""
    return in_force(session, area_code, today).number("assessment.interval_months")


def _latest_with_elders(session: Session, area_code: str) -> list[tuple[Assessment, Person]]:
    found = (
        select(Assessment, Person)
        .where(in_area(col(Assessment.area_code), area_code), Assessment.state == AssessmentState.VALID)
        .where(Person.id == Assessment.elder_id)
        .where(col(Person.state).not_in([PersonState.DEAD, PersonState.MOVED, PersonState.MERGED]))
        .order_by(col(Assessment.assessed_on), col(Assessment.second_signed_at), col(Assessment.id))
    )
    return list({assessment.elder_id: (assessment, elder) for assessment, elder in session.exec(found)}.values())


@dataclass(frozen=True)
class LevelFigures:
    """How many elders of an area part stand at each level, and how many are due; no names."""

    area: Area
    by_level: tuple[int, ...]
    overdue: int

    @property
    def assessed(self) -> int:
        """Elders with a valid assessment."""
        return sum(self.by_level)


def level_figures(session: Session, area_code: str, today: date) -> list[LevelFigures]:
    """Levels of dependency by township, or by village inside one township."""
    kind, digits = (AreaKind.TOWNSHIP, 9) if len(area_code) < 9 else (AreaKind.VILLAGE, 12)
    by_part: dict[str, list[Assessment]] = {}
    for latest, elder in _latest_with_elders(session, area_code):
        by_part.setdefault(elder.area_code[:digits], []).append(latest)
    return [
        _figures(area, by_part.get(area.code, []), today, _interval(session, area.code, today))
        for area in areas_within(session, area_code, kind)
    ]


def _figures(area: Area, latest: Sequence[Assessment], today: date, months: int) -> LevelFigures:
    counts = tuple(sum(1 for one in latest if one.level == level) for level in range(5))
    overdue = sum(1 for one in latest if next_due(one.assessed_on, months) < today)
    return LevelFigures(area, counts, overdue)
