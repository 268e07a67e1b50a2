"""Reading what an office has to look after: silent elders, unanswered doors, alarms, slips."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, or_, select

from timebank.core import clock, crypto
from timebank.core.actors import Scope
from timebank.core.db import in_area
from timebank.core.limits import PAGE_ROWS
from timebank.core.minutes import round_down
from timebank.people.models import Person
from timebank.policies.queries import in_force
from timebank.visits.models import (
    AlarmAnswer,
    CallBack,
    EventKind,
    SlipPhoto,
    Visit,
    VisitCarer,
    VisitEvent,
    VisitGeneration,
    VisitState,
)
from timebank.visits.queries import carers_of, forgotten_by, visit_for, who_came_in_vain
from timebank.visits.rules import Forgotten
from timebank.visits.trace_queries import people_on_phones

NOTE_DAYS = 31  # how long what was told at a visit waits for an answer on the list
_TOLD_LATE_DAYS = 62  # as late as slips may come; so that not every visit there ever was is read for a count
_LAST_RUNS = 6


def silent_visits(session: Session, area_code: str, now: datetime) -> list[tuple[Visit, Person]]:
    """Visits of an area whose elder's side has not answered in time (policy confirm.window_hours): to call."""
    found = (
        select(Visit, Person)
        .where(in_area(col(Visit.area_code), area_code), Visit.state == VisitState.DONE, Person.id == Visit.elder_id)
        .order_by(col(Visit.due_on), col(Visit.id))
        .limit(4 * PAGE_ROWS)
    )
    waited = []
    for visit, elder in session.exec(found):
        window = timedelta(hours=in_force(session, visit.area_code, visit.due_on).number("confirm.window_hours"))
        if now - clock.at_local(visit.due_on, visit.window_to_minute) > window:
            waited.append((visit, elder))
    return waited[:PAGE_ROWS]


def unreached_visits(session: Session, area_code: str, since_on: date) -> list[tuple[Visit, Person]]:
    """Visits since a day at which nobody answered and no second try was made, oldest first."""
    tried = select(Visit.source_key).where(col(Visit.source_key).startswith("again:"))
    found = (
        select(Visit, Person)
        .where(in_area(col(Visit.area_code), area_code), Visit.state == VisitState.UNREACHED, Visit.due_on >= since_on)
        .where(Person.id == Visit.elder_id, (sa.literal("again:") + col(Visit.id)).not_in(tried))
        .order_by(col(Visit.due_on), col(Visit.id))
        .limit(PAGE_ROWS)
    )
    return [(visit, elder) for visit, elder in session.exec(found)]


@dataclass(frozen=True)
class StillThere:
    """Somebody who is signed in at a visit that should be over by now: who, where, and what was planned."""

    visit: Visit
    elder: Person
    carer: VisitCarer
    person: Person
    forgotten: Forgotten


def still_there(session: Session, area_code: str, now: datetime) -> list[StillThere]:
    """Who in an area has not signed out although the time planned and the tolerance are over, longest first."""
    found = (
        select(Visit, Person)
        .where(in_area(col(Visit.area_code), area_code), Visit.state == VisitState.RUNNING, Person.id == Visit.elder_id)
        .order_by(col(Visit.due_on), col(Visit.id))
        .limit(4 * PAGE_ROWS)
    )
    running = list(session.exec(found))
    carers, rows = carers_of(session, [visit.id for visit, _ in running]), []
    for visit, elder in running:
        tolerance = in_force(session, visit.area_code, visit.due_on).number("earn.over_planned_minutes")
        for carer, person in carers.get(visit.id, []):
            late = forgotten_by(visit, carer, tolerance)
            if late and late.asks_at <= now:
                rows.append(StillThere(visit, elder, carer, person, late))
    return sorted(rows, key=lambda row: row.forgotten.asks_at)[:PAGE_ROWS]


@dataclass(frozen=True)
class ShowUp:
    """A visit at which nobody answered, whose carers may be credited for having come, and how many minutes."""

    visit: Visit
    elder: Person
    carers: tuple[Person, ...]
    minutes: int


def show_ups(session: Session, scope: Scope, on: date) -> list[ShowUp]:
    """Visits of the last month at which nobody answered and whose carers were not credited for coming yet.

    Empty where the rules credit nothing (policy visit.show_up_minutes).
    """
    found = (
        select(Visit, Person)
        .where(in_area(col(Visit.area_code), scope.area_code), Visit.state == VisitState.UNREACHED)
        .where(Visit.due_on >= on - timedelta(days=31), Person.id == Visit.elder_id, Visit.paid_by != "voucher")
        .order_by(col(Visit.due_on), col(Visit.id))
        .limit(PAGE_ROWS)
    )
    rows = []
    for visit, elder in session.exec(found):
        policy = in_force(session, visit.area_code, visit.due_on)
        minutes = round_down(policy.number("visit.show_up_minutes"), policy.number("earn.rounding_minutes"))
        came = tuple(person for _, person in who_came_in_vain(session, visit)) if minutes else ()
        if came:
            rows.append(ShowUp(visit, elder, came, minutes))
    return rows


@dataclass(frozen=True)
class Alarm:
    """What a phone told the office: the entry, the visit, the elder, who told it; and the answer, if any."""

    event: VisitEvent
    visit: Visit
    elder: Person
    carer: Person
    answer: AlarmAnswer | None


def alarms(session: Session, area_code: str, since: datetime) -> list[Alarm]:
    """The alarms of an area since an instant, the unanswered first, then the newest."""
    return _told(session, area_code, since, EventKind.SOS)


def notes(session: Session, area_code: str, since: datetime) -> list[Alarm]:
    """Needs and hazards that helpers wrote down at visits of an area since an instant and nobody answered."""
    return _told(session, area_code, since, EventKind.NOTE, but_answered=True)


def count_notes(session: Session, area_code: str, since: datetime) -> int:
    """How many needs and hazards nobody has answered."""
    found = (
        select(sa.func.count())
        .select_from(VisitEvent)
        .join(Visit, col(Visit.id) == VisitEvent.visit_id)
        .where(*_told_since(area_code, since, EventKind.NOTE))
        .where(col(VisitEvent.id).not_in(select(AlarmAnswer.event_id)))
    )
    return int(session.exec(found).one())


def _told_since(area_code: str, since: datetime, kind: EventKind) -> tuple[sa.ColumnElement[bool], ...]:
    """What was told since an instant, by phones that were dark too: of visits up to two months before it."""
    return (
        in_area(col(Visit.area_code), area_code),
        col(Visit.due_on) >= clock.local_date(since) - timedelta(days=_TOLD_LATE_DAYS),
        col(VisitEvent.kind) == kind,
        col(VisitEvent.server_at) >= since,
    )


@dataclass(frozen=True)
class LateNews:
    """What somebody told of a visit that was called off, closed, or given to somebody else: all of it together."""

    visit: Visit
    elder: Person
    carer: Person
    events: tuple[VisitEvent, ...]

    @property
    def event(self) -> VisitEvent:
        """The entry whose answer answers them all."""
        return self.events[0]


def late_news(session: Session, area_code: str, since: datetime) -> list[LateNews]:
    """What phones were told is looked at by the office, and nobody has answered yet; the newest visits first."""
    carer = aliased(Person)
    found = session.execute(
        sa.select(VisitEvent, Visit, Person, carer)
        .join(Visit, col(Visit.id) == VisitEvent.visit_id)
        .join(Person, col(Person.id) == Visit.elder_id)
        .join(carer, col(carer.id) == VisitEvent.person_id)
        .where(*_held(area_code, since))
        .order_by(col(Visit.due_on).desc(), col(Visit.id), col(VisitEvent.person_id), col(VisitEvent.device_at))
        .limit(PAGE_ROWS)
    ).all()
    told: dict[tuple[str, str], LateNews] = {}
    for event, visit, elder, teller in found:
        known = told.get((visit.id, teller.id))
        told[visit.id, teller.id] = LateNews(visit, elder, teller, (*(known.events if known else ()), event))
    return list(told.values())


def count_late_news(session: Session, area_code: str, since: datetime) -> int:
    """How many rows the list of such news has: one for each visit and who told it."""
    told = (
        sa.select(col(VisitEvent.visit_id), col(VisitEvent.person_id))
        .join(Visit, col(Visit.id) == VisitEvent.visit_id)
        .where(*_held(area_code, since))
        .distinct()
        .subquery()
    )
    return int(session.execute(sa.select(sa.func.count()).select_from(told)).scalar_one())


def _held(area_code: str, since: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        in_area(col(Visit.area_code), area_code),
        col(VisitEvent.server_at) >= since,
        col(VisitEvent.data)["held"].as_string().is_not(None),
        col(VisitEvent.id).not_in(select(AlarmAnswer.event_id)),
    )


def _told(
    session: Session, area_code: str, since: datetime, kind: EventKind, *, but_answered: bool = False
) -> list[Alarm]:
    carer = aliased(Person)
    found = session.execute(
        sa.select(VisitEvent, Visit, Person, carer, AlarmAnswer)
        .join(Visit, col(Visit.id) == VisitEvent.visit_id)
        .join(Person, col(Person.id) == Visit.elder_id)
        .join(carer, col(carer.id) == VisitEvent.person_id)
        .outerjoin(AlarmAnswer, col(AlarmAnswer.event_id) == VisitEvent.id)
        .where(*_told_since(area_code, since, kind))
        .where(col(AlarmAnswer.event_id).is_(None) if but_answered else sa.true())
        .order_by(col(VisitEvent.server_at).desc())
        .limit(PAGE_ROWS)
    ).all()
    rows = [Alarm(*row) for row in found]
    return sorted(rows, key=lambda alarm: alarm.answer is not None)


def photo_for(session: Session, scope: Scope, event_id: str) -> SlipPhoto | None:
    """The photo of an entry if the scope may see its visit."""
    photo = session.get(SlipPhoto, event_id)
    return photo if photo and visit_for(session, scope, photo.visit_id) else None


def jpeg_of(photo: SlipPhoto) -> bytes:
    """The picture itself."""
    return base64.b64decode(crypto.vault().open(photo.sealed))


def people_on_phones_of(session: Session, events: Sequence[VisitEvent]) -> int:
    """The most people who spoke through one of the phones of these entries within a month; 0 where no phone spoke."""
    spoke = [event for event in events if event.device_id and not event.entered_by]
    devices = sorted({event.device_id for event in spoke})
    return people_on_phones(session, devices, spoke[0].server_at) if spoke else 0


def call_backs_of(session: Session, visit_id: str) -> list[CallBack]:
    """What the elder's side said when reviewers called about a visit, in that order."""
    found = select(CallBack).where(CallBack.visit_id == visit_id)
    return list(session.exec(found.order_by(col(CallBack.at), col(CallBack.id))))


def photos_of(session: Session, visit_id: str) -> list[SlipPhoto]:
    """The photos of slips of a visit."""
    return list(session.exec(select(SlipPhoto).where(SlipPhoto.visit_id == visit_id).order_by(col(SlipPhoto.kept_at))))


def generations_in(session: Session, scope: Scope) -> list[VisitGeneration]:
    """The last runs of the generator for areas that hold the scope's area or lie in it, newest first."""
    found = select(VisitGeneration).where(
        or_(
            in_area(col(VisitGeneration.area_code), scope.area_code),
            col(VisitGeneration.area_code).in_([scope.area_code[:size] for size in (6, 9)]),
        )
    )
    return list(session.exec(found.order_by(col(VisitGeneration.id).desc()).limit(_LAST_RUNS)))
