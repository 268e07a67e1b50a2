"""Visits of a month from the agreed care plans of an area."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from timebank.areas.models import DayKind
from timebank.areas.queries import day_kinds
from timebank.audit.operations import note
from timebank.careplans.models import CareItem, CarePlan, ServiceKind
from timebank.careplans.queries import items_in_force
from timebank.careplans.rules import due_dates, reason_to_skip, waits_in_farming_season
from timebank.core import clock, ids, months
from timebank.core.actors import Actor
from timebank.core.db import in_area, table_of
from timebank.core.errors import NotFound
from timebank.core.text import T, Text
from timebank.people.models import Person, RiskTier
from timebank.policies.queries import Policy, in_force
from timebank.visits.models import Visit, VisitGeneration, VisitState
from timebank.visits.operations.revival import WITHDRAWN, Hindrances, revive

_ESSENTIAL = (ServiceKind.MEAL,)
_KEPT_SKIPS = 200  # the page shows the first ones; the counts are complete
_DAYS_AFTER = 14  # so far behind the month a visit may be moved at most (policy plan.move_days)
NO_LONGER_WANTED = T("no care plan asks for it any more")
_DAY_IS_TAKEN = T("another visit of the same kind was moved to this day")


@dataclass
class GenerationReport:
    """What a generation made, what stood already, what it moved or took back, and what it left out for which reason."""

    made: int = 0
    known: int = 0
    moved: int = 0
    withdrawn: int = 0
    skipped: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class _Slot:
    """One visit to have: of which item and elder, on which day, and if another day than the plan's, why."""

    item: CareItem
    elder: Person
    on: date
    planned_on: date
    because: str
    window: tuple[int, int]


@dataclass
class _Wanted:
    """What the care plans ask for in a month: the slots to have, and each one left out with its reason."""

    slots: dict[tuple[str, date], _Slot] = field(default_factory=dict)
    reasons: dict[tuple[str, date], str] = field(default_factory=dict)
    skipped: list[dict[str, Any]] = field(default_factory=list)


def generate(session: Session, *, actor: Actor, area_code: str, month: str) -> GenerationReport:
    """Make the visits of a month from the agreed care plans of an area. Run again, it adds only what is new.

    Holidays, market days, farming season and days without service are respected as each item says: a visit is moved to
    the next free day, to another hour, or left out. Who is in hospital, away, has withdrawn the consent or is no longer
    here gets none, and nobody a bath that the care plan speaks against. Visits that no care plan asks for any more and
    that nobody was invited to are taken back; to which somebody was, they count for the plan that replaced theirs, as
    they were agreed. Each visit says why; the report, kept as a row, counts what was made and
    why the rest was not.
    """
    if not actor.scope.holds_area(area_code):
        raise NotFound("areas.no_such_area", T("There is no such place."))
    days = months.days(month)
    rows_there = _rows_there(session, area_code, days)
    known = {key: visit for key, visit in rows_there.items() if days[0] <= key[1] <= days[-1]}
    wanted = _Calendar(session, area_code, days, rows_there).wanted()
    _hand_over(known, wanted)
    rows = [_visit_row(slot) for key, slot in wanted.slots.items() if key not in known]
    if rows:
        session.connection().execute(sa.insert(table_of(Visit)), rows)
    there = [(visit, wanted.slots[key]) for key, visit in known.items() if key in wanted.slots]
    revived = _revive(session, there)
    report = GenerationReport(
        made=len(rows) + revived,
        known=len(there) - revived,
        moved=sum(1 for row in rows if row["moved_from_on"]) + _move(there),
        withdrawn=_withdraw({key: visit for key, visit in known.items() if key not in wanted.slots}, wanted.reasons),
        skipped=Counter(str(skip["reason"]) for skip in wanted.skipped),
    )
    _keep(session, actor, area_code, month, report, wanted.skipped)
    return report


class _Calendar:
    """What each day of a month is for each elder of an area. Read once, asked for every item and date."""

    def __init__(
        self, session: Session, area_code: str, days: Sequence[date], there: Mapping[tuple[str, date], Visit]
    ) -> None:
        self.session, self.days = session, days
        self.days_after = [days[-1] + timedelta(days=more) for more in range(1, _DAYS_AFTER + 1)]
        self.items = items_in_force(session, area_code, days[0], days[-1])
        self.hindrances = Hindrances.of_area(session, area_code, self.items, (days[0], self.days_after[-1]))
        self.held_by = {(item_id, visit.due_on): planned_on for (item_id, planned_on), visit in there.items()}
        self.kinds_of = cache(self._kinds_of)
        self.policy_of = cache(self._policy_of)

    def _kinds_of(self, village: str) -> Mapping[date, Mapping[DayKind, str]]:
        return day_kinds(self.session, village, [*self.days, *self.days_after])

    def _policy_of(self, township: str) -> Policy:
        return in_force(self.session, township, self.days[0])

    def wanted(self) -> _Wanted:
        """Every slot that is to be had, and every one that is not with its reason."""
        found = _Wanted()
        for item, care_plan, elder in self.items:
            dates = _dates_of(item, care_plan, self.days)
            taken = {*dates, *_dates_of(item, care_plan, self.days_after)}
            for on in dates:
                self._place(found, item, elder, on, taken)
        return found

    def _place(self, found: _Wanted, item: CareItem, elder: Person, on: date, taken: set[date]) -> None:
        reason = self._reason_against(item, elder, on) or self._taken_by_another(item, on, on)
        moved_on = self._moved_on(item, elder, on, taken) if reason and item.moves_when_off else None
        if reason is not None and moved_on is None:
            found.reasons[item.id, on] = reason.msgid
            skip = {"elder_id": elder.id, "service": item.service.value, "on": on.isoformat(), "reason": reason.msgid}
            found.skipped.append(skip)
            return
        taken.add(moved_on or on)
        found.slots[item.id, on] = self._slot(item, elder, moved_on or on, on, reason)

    def _reason_against(self, item: CareItem, elder: Person, on: date) -> Text | None:
        return self.hindrances.against(elder, on, item.service) or self._off(item, elder, on)

    def _taken_by_another(self, item: CareItem, planned_on: date, on: date) -> Text | None:
        """A visit of the item that the care plan wanted on another day, also of another month, lies on this day."""
        return None if self.held_by.get((item.id, on), planned_on) == planned_on else _DAY_IS_TAKEN

    def _off(self, item: CareItem, elder: Person, on: date) -> Text | None:
        return reason_to_skip(
            self.kinds_of(elder.area_code[:12])[on],
            skips_holidays=item.skips_holidays,
            skips_market_days=item.skips_market_days,
            essential=item.service in _ESSENTIAL or elder.tier == RiskTier.HIGH,
        )

    def _moved_on(self, item: CareItem, elder: Person, on: date, taken: set[date]) -> date | None:
        """The next free day within policy `plan.move_days` on which nothing speaks against the visit."""
        most = self.policy_of(elder.area_code[:9]).number("plan.move_days")
        later = (on + timedelta(days=more) for more in range(1, most + 1))
        free = (day for day in later if day not in taken and not self._taken_by_another(item, on, day))
        return next((day for day in free if not self._reason_against(item, elder, day)), None)

    def _slot(self, item: CareItem, elder: Person, on: date, planned_on: date, reason: Text | None) -> _Slot:
        window = (item.window_from_minute, item.window_to_minute)
        kinds = self.kinds_of(elder.area_code[:12])[on]
        if DayKind.FARMING in kinds and waits_in_farming_season(item.service, elder.tier):
            policy = self.policy_of(elder.area_code[:9])
            window, reason = (policy.number("farming.from_minute"), policy.number("farming.to_minute")), _FARMING
        return _Slot(item, elder, on, planned_on, reason.msgid if reason else "", window)


_FARMING = T("farming season: later in the day")


def _rows_there(session: Session, area_code: str, days: Sequence[date]) -> dict[tuple[str, date], Visit]:
    """The visits there are by item and the day on which the care plan wanted them, of this month or near its ends.

    Found by the elder: what an elder who moved here had in the other township stands there as it was, and is theirs.
    """
    planned_on = sa.func.coalesce(col(Visit.moved_from_on), col(Visit.due_on))
    here = select(Person.id).where(in_area(col(Person.area_code), area_code))
    found = select(Visit).where(
        col(Visit.elder_id).in_(here),
        Visit.due_on >= days[0],  # a moved visit lies later, never earlier: the index on due_on serves
        sa.or_(planned_on <= days[-1], col(Visit.due_on) <= days[-1] + timedelta(days=_DAYS_AFTER)),
        col(Visit.care_item_id).is_not(None),
    )
    return {(str(visit.care_item_id), visit.moved_from_on or visit.due_on): visit for visit in session.exec(found)}


def _hand_over(known: dict[tuple[str, date], Visit], wanted: _Wanted) -> None:
    """Let what is arranged under a version that was replaced be the visit of the new version: nobody knocks twice.

    It has to be of the same elder, service and day, the nearest hour first. Hours, minutes and people stay as they were
    agreed with who comes; from the next visit on it is all as the new version says.
    """
    left: dict[tuple[str, ServiceKind, date], list[tuple[str, date]]] = {}
    for key, visit in known.items():
        is_arranged = visit.state not in (VisitState.DUE, VisitState.CANCELLED)
        if is_arranged and key not in wanted.slots and key not in wanted.reasons:
            left.setdefault((visit.elder_id, visit.service, visit.due_on), []).append(key)
    for new_key, slot in wanted.slots.items():
        old_keys = left.get((slot.elder.id, slot.item.service, slot.on), [])
        if new_key in known or not old_keys:
            continue
        key = min(old_keys, key=lambda old: (abs(known[old].window_from_minute - slot.window[0]), known[old].id))
        old_keys.remove(key)
        visit = known[new_key] = known.pop(key)
        visit.care_item_id, visit.moved_because = slot.item.id, slot.because
        visit.moved_from_on = slot.planned_on if slot.planned_on != slot.on else None


def _withdraw(visits: Mapping[tuple[str, date], Visit], reasons: Mapping[tuple[str, date], str]) -> int:
    today, taken_back = clock.today(), 0
    for key, visit in visits.items():
        was_wanted_before = key[1] < today  # moved to a later day then; the care plan is asked from today on only
        if visit.state == VisitState.DUE and visit.due_on >= today and not was_wanted_before:
            visit.state, visit.flags = VisitState.CANCELLED, [*visit.flags, WITHDRAWN]
            visit.cancel_reason = reasons.get(key, NO_LONGER_WANTED.msgid)
            taken_back += 1
    return taken_back


def _revive(session: Session, there: Sequence[tuple[Visit, _Slot]]) -> int:
    """Visits taken back earlier that are wanted again: the elder is home, the day is no holiday after all."""
    again = [pair for pair in there if pair[0].state == VisitState.CANCELLED and WITHDRAWN in pair[0].flags]
    revive(session, [(visit, slot.elder) for visit, slot in again])
    return len(again)


def _move(there: Sequence[tuple[Visit, _Slot]]) -> int:
    """Visits on no plan yet whose day became a holiday or market day, or free again: to the day they have now."""
    moved = [(visit, slot) for visit, slot in there if visit.state == VisitState.DUE and visit.due_on != slot.on]
    for visit, slot in moved:
        visit.due_on, visit.moved_because = slot.on, slot.because
        visit.moved_from_on = slot.planned_on if slot.planned_on != slot.on else None
    return len(moved)


def _dates_of(item: CareItem, care_plan: CarePlan, days: Sequence[date]) -> list[date]:
    last_on = min(days[-1], care_plan.ends_on or days[-1])
    first_on = max(days[0], care_plan.starts_on, clock.today())
    return due_dates(item.recurrence, starts_on=care_plan.starts_on, first_on=first_on, last_on=last_on)


def _visit_row(slot: _Slot) -> dict[str, object]:
    item, elder = slot.item, slot.elder
    visit = Visit(
        id=ids.new_id("vis"),
        elder_id=elder.id,
        area_code=elder.area_code,
        household_code=elder.household_code,
        service=item.service,
        care_item_id=item.id,
        paid_by=item.paid_by,
        due_on=slot.on,
        window_from_minute=slot.window[0],
        window_to_minute=slot.window[1],
        duration_minutes=item.duration_minutes,
        crew_size=item.crew_size,
        same_sex=item.same_sex,
        skills=item.skills,
        moved_from_on=slot.planned_on if slot.planned_on != slot.on else None,
        moved_because=slot.because,
        tier=elder.tier.value,
        notes=item.notes,
        created_at=clock.now(),
    )
    return {column.name: getattr(visit, column.name) for column in table_of(Visit).columns}


def _keep(
    session: Session,
    actor: Actor,
    area_code: str,
    month: str,
    report: GenerationReport,
    skipped: list[dict[str, Any]],
) -> None:
    run = VisitGeneration(
        id=ids.new_id("gen"),
        area_code=area_code,
        month=month,
        made=report.made,
        known=report.known,
        withdrawn=report.withdrawn,
        moved=report.moved,
        left_out=dict(report.skipped),
        skipped=skipped[:_KEPT_SKIPS],
        at=clock.now(),
        by_user_id=actor.user_id,
    )
    session.add(run)
    note(session, actor=actor, action="visits.generate", subject_id=month, area_code=area_code, made=report.made)
    session.flush()
