"""A small county that lives day by day through the real operations, with everything that goes wrong in one.

Two townships, one seed. Staff plan, publish, call back, review and make mistakes; volunteers decline, come, forget to
check out, find nobody at home; phones are dark for days, repeat and shuffle what they send; every now and then the
process dies before it commits and the work is done again. Beside the county stands a plain reckoning, kept by hand
from what the script made happen, which never reads what the software made of it.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random
from typing import Any, TypeVar

import pytest
from sqlmodel import Session, col, select

from tests import factories as make
from tests.visits.world import PhoneLog, Side, at, near, record, settle_side, volunteer
from timebank.careplans.models import ServiceKind
from timebank.core import clock, months
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.core.db import reading, transaction
from timebank.core.errors import Refused, TimebankError
from timebank.dayplans.operations import planning, publishing
from timebank.ledger import operations as ledger
from timebank.people.models import Person
from timebank.policies.queries import in_force
from timebank.visits import operations as visits
from timebank.visits.models import EventKind as Kind
from timebank.visits.models import Visit, VisitCarer, VisitState
from timebank.visits.queries import COMING, visits_on
from timebank.visits.rules import EventIn

T = TypeVar("T")
FIRST_ON = date(2026, 11, 1)
PLANNER_STEPS = 300  # the plan follows from the day and the seed alone
DAYS_TO_COME_HOME = 7  # after the last day, until every phone has sent what it kept
PAID_MINUTES = 60  # a visit paid by voucher; no other lasts as long


class ProcessDied(Exception):
    """What a crash before the commit looks like from inside."""


@dataclass(frozen=True)
class Odds:
    """How often things go wrong, each a share of the occasions."""

    declines: float = 0.04
    nobody_home: float = 0.06
    cancelled_on_the_way: float = 0.02
    forgets_to_leave: float = 0.05
    goes_dark: float = 0.15
    repeats: float = 0.20
    rejected: float = 0.04
    dies_before_commit: float = 0.03
    wants_more_help: float = 0.30


@dataclass
class Reckoning:
    """What must come out, from the script alone."""

    reached: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # township → elders
    earned: Counter[str] = field(default_factory=Counter)  # helper → minutes
    drawn: Counter[str] = field(default_factory=Counter)  # elder → minutes
    happened: Counter[str] = field(default_factory=Counter)  # what went wrong, how often
    approved: list[list["Stay"]] = field(default_factory=list)  # the visits that took place, each with who was there


@dataclass
class Stay:
    """One helper's part of one visit, as the script made it happen."""

    visit: Visit
    helper: Person
    minutes: int | None  # None: never checked out

    @property
    def is_paid(self) -> bool:
        """Whether a voucher pays for the visit, by what was agreed and not by what the software wrote down."""
        return self.visit.duration_minutes == PAID_MINUTES


class Phone:
    """A helper's phone: it keeps what it could not send, and sends some of it twice and in disorder."""

    def __init__(self, helper: Person) -> None:
        self.helper, self.log = helper, PhoneLog(f"dev_{helper.id[4:]}")
        self.queue: list[EventIn] = []
        self.dark_until = FIRST_ON

    def parcel(self, chance: Random, odds: Odds) -> list[EventIn]:
        """What it sends now."""
        waiting, self.queue = self.queue, []
        sent = waiting + [event for event in waiting if chance.random() < odds.repeats]
        if chance.random() < 0.5:
            chance.shuffle(sent)
        return sent


class County:
    """The county and its days; `live` runs them."""

    def __init__(self, *, seed: int, elders: int, odds: Odds | None = None) -> None:
        self.chance, self.odds, self.seed = Random(seed), odds or Odds(), seed
        self.reckoned = Reckoning()
        self.stays: dict[str, list[Stay]] = defaultdict(list)
        self.credited: Counter[tuple[str, str]] = Counter()  # helper and day, week or visit → minutes
        groups = {make.TOWNSHIP: make.GROUP, make.OTHER_TOWNSHIP: make.OTHER_GROUP}
        with clock.frozen(at(FIRST_ON, 0)), transaction() as session:
            make.district(session=session)
            self.sides = {
                township: settle_side(session, group_code=group, count=elders // 2)
                for township, group in groups.items()
            }
            for side in self.sides.values():
                _agree(session, side)
            self.policy = in_force(session, make.DISTRICT, FIRST_ON)
        self.phones = {helper.id: Phone(helper) for side in self.sides.values() for helper in side.helpers}

    def live(self, days: int, *, beside: Sequence[Callable[[date], None]] = ()) -> None:
        """So many days from the first of November, each with what else happens on it before work begins; then a week
        in which every phone comes home."""
        for number in range(days + DAYS_TO_COME_HOME):
            on = FIRST_ON + timedelta(days=number)
            is_over = number >= days
            for happens in beside:
                happens(on)
            if on.day == 1:
                self._first_of_month(on, wants_visits=not is_over)
            self._office(on, days_back=range(1, 45) if is_over else range(1, 2))
            if not is_over:
                self._day(on)
            self._evening(on, at_home=is_over)

    def _first_of_month(self, on: date, *, wants_visits: bool) -> None:
        month = months.of_date(on)
        with clock.frozen(at(on, 5)):
            self.do(lambda session: ledger.give_gifts(session, actor=SYSTEM, area_code=make.DISTRICT, month=month))
            for clerk in [staff(Role.COORDINATOR, township) for township in self.sides if wants_visits]:
                self.do(visits.generate, actor=clerk, area_code=clerk.area_code, month=month)

    def _day(self, on: date) -> None:
        """Morning at the offices, then everybody's round."""
        for township in self.sides:
            with clock.frozen(at(on, 6 * 60)):
                self._wish(township, on)
                self._plan(township, on)
            with clock.frozen(at(on, 7 * 60)):
                self._answer(township, on)
            self._go_round(township, on)

    def _evening(self, on: date, *, at_home: bool) -> None:
        """Phones that have a signal send."""
        with clock.frozen(at(on, 20 * 60)):
            for phone in self.phones.values():
                if not at_home and phone.dark_until <= on and self.chance.random() < self.odds.goes_dark:
                    phone.dark_until = on + timedelta(days=self.chance.randint(1, 4))
                    self.reckoned.happened["phone dark"] += 1
                if at_home or phone.dark_until <= on:
                    for event in phone.parcel(self.chance, self.odds):
                        self.do(record, helper=phone.helper, told=event)

    # — the morning —

    def _wish(self, township: str, on: date) -> None:
        """Now and then somebody asks for help beside the care plan, with hours that were given to them."""
        if self.chance.random() >= self.odds.wants_more_help:
            return
        elder = self.chance.choice(self.sides[township].elders)
        asked = visits.RequestIn(elder.id, ServiceKind.VISIT, on, 13 * 60, 17 * 60, 45)
        try:
            self.do(visits.ask_for_help, actor=staff(Role.ASSISTANT, township), asked=asked)
            self.reckoned.happened["asked for help"] += 1
        except Refused as refusal:
            assert refusal.code == "ledger.floor_reached", refusal.code
            self.reckoned.happened["no hours left"] += 1

    def _plan(self, township: str, on: date) -> None:
        with reading() as session:
            if not visits_on(session, township, on, [VisitState.DUE, VisitState.PLANNED]):
                return
        clerk = staff(Role.COORDINATOR, township)
        draft = self.do(planning.draft_day, actor=clerk, area_code=township, on=on, seed=self.seed, steps=PLANNER_STEPS)
        chosen = {"day_plan_id": draft.id, "revision": draft.revision}
        stranger = staff(Role.COORDINATOR, next(code for code in self.sides if code != township))
        with self.refused("dayplans.no_such_plan"), transaction() as session:
            publishing.publish_day(session, actor=stranger, **chosen)
        self.do(publishing.publish_day, actor=clerk, **chosen)

    def _answer(self, township: str, on: date) -> None:
        for visit, carers in self._invited(township, on):
            for helper in carers:
                accepts = self.chance.random() >= self.odds.declines
                said = {"accept": accepts, "reason": "" if accepts else "要去赶场"}
                self.do(visits.respond, actor=volunteer(helper), visit_id=visit.id, **said)
                self.reckoned.happened["declined"] += not accepts

    def _invited(self, township: str, on: date) -> list[tuple[Visit, list[Person]]]:
        """Visits of the day in the order of their start, with who is asked to come."""
        known = {helper.id: helper for helper in self.sides[township].helpers}
        wanted = (
            select(Visit, VisitCarer)
            .where(VisitCarer.visit_id == Visit.id, Visit.due_on == on, Visit.state == VisitState.PLANNED)
            .where(col(VisitCarer.state).in_(COMING), col(Visit.area_code).startswith(township))
            .order_by(VisitCarer.starts_minute, Visit.id)  # type: ignore[arg-type]
        )
        together: dict[str, tuple[Visit, list[Person]]] = {}
        with reading() as session:
            for visit, carer in session.exec(wanted):
                together.setdefault(visit.id, (visit, []))[1].append(known[carer.person_id])
        return list(together.values())

    # — the round —

    def _go_round(self, township: str, on: date) -> None:
        free_at: Counter[str] = Counter()
        for visit, carers in self._invited(township, on):
            came = max([visit.window_from_minute, *(free_at[helper.id] + 20 for helper in carers)])
            fate = self._fate()
            for helper in carers:
                free_at[helper.id] = came + self._write_down(township, visit, helper, came, fate)

    def _fate(self) -> str:
        drawn = self.chance.random()
        for fate in ("nobody_home", "cancelled_on_the_way", "forgets_to_leave"):
            drawn -= getattr(self.odds, fate)
            if drawn < 0:
                self.reckoned.happened[fate.replace("_", " ")] += 1
                return fate
        return "done"

    def _write_down(self, township: str, visit: Visit, helper: Person, came: int, fate: str) -> int:
        """What one helper's phone keeps of one home; how many minutes it took."""
        phone, side = self.phones[helper.id], self.sides[township]
        door = side.door(next(elder for elder in side.elders if elder.id == visit.elder_id))
        stay = self.chance.randint(visit.duration_minutes - 10, visit.duration_minutes + 25)

        def says(kind: Kind, minute: float, **more: Any) -> None:
            phone.queue.append(phone.log.says(visit, kind, at(visit.due_on, minute), **more))

        if fate == "nobody_home":
            says(Kind.NO_ANSWER, came, place=near(self.chance, door))
            return 10
        if fate == "cancelled_on_the_way":
            says(Kind.CANCELLED, came, data={"reason": "路断了"})
            return 10
        says(Kind.CHECK_IN, came, place=near(self.chance, door))
        if self.chance.random() < 0.5:
            says(Kind.NOTE, came + 5, data={"note": "都好"})
        if fate == "done":
            says(Kind.CHECK_OUT, came + stay, place=near(self.chance, door))
        self.stays[visit.id].append(Stay(visit, helper, stay if fate == "done" else None))
        return stay

    # — the office —

    def _office(self, on: date, *, days_back: range) -> None:
        """The morning after: forgotten departures end, homes where nobody answered are tried again; calls, reviews."""
        for township in self.sides:
            clerk = staff(Role.COORDINATOR, township)
            with clock.frozen(at(on, 8 * 60)):
                for back in days_back:
                    self.do(visits.close_day, actor=clerk, area_code=township, on=on - timedelta(days=back))
                for visit_id in self._in_state(township, VisitState.UNREACHED):
                    with suppress(Refused):
                        self.do(visits.try_again, actor=clerk, visit_id=visit_id, due_on=on)
                for visit_id in self._in_state(township, VisitState.DONE):
                    self._call_back(township, visit_id)
            with clock.frozen(at(on, 9 * 60)):
                for visit_id in self._in_state(township, VisitState.CONFIRMED):
                    self._review(township, visit_id)

    def _in_state(self, township: str, state: VisitState) -> list[str]:
        with reading() as session:
            found = select(Visit.id).where(Visit.state == state, col(Visit.area_code).startswith(township))
            return sorted(session.exec(found))

    def _call_back(self, township: str, visit_id: str) -> None:
        helper = self.stays[visit_id][0].helper
        with self.refused("visits.own_visit"), transaction() as session:
            visits.confirm(session, actor=volunteer(helper), visit_id=visit_id, method="button")
        caller = staff(Role.ASSISTANT, township)
        self.do(visits.confirm, actor=caller, visit_id=visit_id, method="call_back")

    def _review(self, township: str, visit_id: str) -> None:
        approved = self.chance.random() >= self.odds.rejected
        decided = {"visit_id": visit_id, "approved": approved, "reason": "" if approved else "家里说没来过"}
        caller, supervisor = staff(Role.ASSISTANT, township), staff(Role.SUPERVISOR, township)
        with self.refused("visits.not_your_review"), transaction() as session:
            visits.review(session, actor=caller, **decided)
        self.do(visits.review, actor=supervisor, **decided)
        with self.refused("visits.not_confirmed"), transaction() as session:
            visits.review(session, actor=supervisor, **decided)
        if approved:
            self._reckon(township, self.stays[visit_id])
        self.reckoned.happened["rejected"] += not approved

    def _reckon(self, township: str, stays: list[Stay]) -> None:
        """By hand: what this review must have put into the book."""
        visit = stays[0].visit
        total = sum([self._credit(stay) for stay in stays if not stay.is_paid])
        self.reckoned.approved.append(stays)
        self.reckoned.reached[township].add(visit.elder_id)
        if visit.requested_by or visit.hold_id:
            self.reckoned.drawn[visit.elder_id] += min(total, visit.duration_minutes)

    def _credit(self, stay: Stay) -> int:
        most = stay.visit.duration_minutes + self.policy.number("earn.over_planned_minutes")
        step = self.policy.number("earn.rounding_minutes")
        present = most if stay.minutes is None else min(stay.minutes, most)
        day = (stay.helper.id, stay.visit.due_on.isoformat())
        week = (stay.helper.id, f"week {stay.visit.due_on.isocalendar().week}")
        left_today = self.policy.number("earn.max_minutes_per_day") - self.credited[day]
        left_this_week = self.policy.number("earn.max_minutes_per_week") - self.credited[week]
        minutes = max(0, min(present // step * step, left_today, left_this_week))
        self.credited[day] += minutes
        self.credited[week] += minutes
        self.credited[stay.helper.id, stay.visit.id] = minutes
        self.reckoned.earned[stay.helper.id] += minutes
        return minutes

    # — what goes wrong —

    def do(self, work: Callable[..., T], **given: Any) -> T:
        """A unit of work; now and then the process dies before it commits, and it is done again."""
        if self.chance.random() < self.odds.dies_before_commit:
            self.reckoned.happened["died before commit"] += 1
            with suppress(ProcessDied), transaction() as session:
                work(session, **given)
                raise ProcessDied
        with transaction() as session:
            return work(session, **given)

    @contextmanager
    def refused(self, code: str) -> Iterator[None]:
        """A mistake that the software must not let pass."""
        with pytest.raises(TimebankError) as caught:
            yield
        assert caught.value.code == code, caught.value.code
        self.reckoned.happened["mistake refused"] += 1


def _agree(session: Session, side: Side) -> None:
    """Care plans: a visit once or twice a week; a meal for one of three elders, a paid visit for another one; every
    second elder gets a gift."""
    for index, elder in enumerate(side.elders):
        elder.tags = ["disabled" if index % 2 == 0 else "empty_nest"]  # all are on the visiting list
        session.add(elder)
        days = "TU,FR" if index % 2 else "WE"
        items = [make.care_item(recurrence=f"FREQ=WEEKLY;BYDAY={days}", window=(8 * 60, 12 * 60))]
        if index % 3 == 0:
            often, window = "FREQ=WEEKLY;BYDAY=SA", (11 * 60, 13 * 60)
            items.append(make.care_item(service=ServiceKind.MEAL, recurrence=often, window=window, minutes=15))
        if index % 3 == 1:
            paid = make.care_item(recurrence="FREQ=WEEKLY;BYDAY=MO", minutes=PAID_MINUTES)
            items.append(replace(paid, paid_by="voucher"))
        make.care_plan(session=session, elder=elder, items=items, starts_on=FIRST_ON)


def staff(role: Role, township: str) -> Actor:
    """Somebody of an office; each role is one person in each township."""
    return Actor(f"usr_{role.value}_{township}", role, township)
