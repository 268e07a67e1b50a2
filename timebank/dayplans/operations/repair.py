"""The day itself: somebody is ill, a road is closed, help is needed now. One action, and the repaired day as a draft.

What happened is noted at once, because it is so whatever the plan says. The repaired plan is a new draft made from the
published one with the least change; it is looked at as a difference and published, or left.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlmodel import Session

from dispatch.disruption import CarerIll, CarerLate, Change, Disruption, RoadClosed, VisitAdded, VisitCancelled
from dispatch.model import Limits, Plan, Problem
from dispatch.replan import replan
from dispatch.today import changed, frozen_visits
from timebank.areas import operations as areas
from timebank.audit.operations import note
from timebank.careplans.models import ServiceKind
from timebank.core import clock
from timebank.core.actors import Actor
from timebank.core.claims import claim
from timebank.core.errors import BadInput, NotFound, Refused
from timebank.core.text import T
from timebank.dayplans.adapter import engine
from timebank.dayplans.adapter.hand import keep_times
from timebank.dayplans.adapter.problem import spots_of, with_places
from timebank.dayplans.adapter.travel import closure_of
from timebank.dayplans.adapter.under_way import barred, held_up, lost_tasks, standing
from timebank.dayplans.models import DayPlan, DayPlanState, DayProblem
from timebank.dayplans.operations.planning import keep_plan, keep_problem
from timebank.dayplans.operations.publishing import CALLED_OFF
from timebank.dayplans.queries.facts import DayFacts
from timebank.dayplans.queries.newer import refuse_replaced
from timebank.dayplans.queries.standing import facts_for, problem_now
from timebank.dayplans.rules import Locks, Places, visit_of
from timebank.people import operations as people
from timebank.policies.queries import in_force
from timebank.visits import operations as visits

_TRIES = 4
_SEARCH_SECONDS = 0.1  # the answer is wanted within a second; 1 s changes as many visits and costs 0 to 3 % less
_CAREFUL_SECONDS = 0.4  # a slow machine has not looked everywhere after the first tenth; a lock is a word given
KINDS = ("ill", "no_show", "late", "road", "urgent", "sos", "cancelled")


@dataclass(frozen=True)
class Incident:
    """What happened, as the coordinator says it.

    Parameters
    ----------
    kind
        One of `KINDS`.
    carer
        Who is ill, late or did not come.
    until
        When somebody who is late can go on, minute of the day.
    from_code, to_code, extra_minutes
        The road between two places that is closed (no minutes) or slow.
    elder_id, service, minutes
        Who needs help now, which, and for how long.
    visit_id
        The visit that is called off.
    """

    kind: str
    carer: str = ""
    until: int = 0
    from_code: str = ""
    to_code: str = ""
    extra_minutes: int | None = None
    elder_id: str = ""
    service: ServiceKind = ServiceKind.VISIT
    minutes: int = 60
    visit_id: str = ""


def repair(session: Session, *, actor: Actor, day_plan_id: str, incident: Incident) -> DayPlan:
    """Note what happened and keep the repaired day as a draft made from the published version.

    Refuses a version that is not the day that counts, and what the day does not know.
    """
    row = session.get(DayPlan, day_plan_id)
    if row is None or not actor.scope.holds_area(row.area_code):
        raise NotFound("dayplans.no_such_plan", T("There is no such day plan in your area."))
    refuse_replaced(session, row)
    if row.state != DayPlanState.PUBLISHED:
        text = T("Only a published day is repaired. Publish the day first, or move the visit by hand.")
        raise Refused("dayplans.not_published", text)
    if incident.kind not in KINDS:
        raise BadInput("core.not_a_choice", T("Choose from the list."), field="kind")
    published, read_at = engine.unpack_plan(row.body), clock.now()
    change, facts, before = _NOTED[incident.kind](_Happening(session, actor, row, published, incident))
    lost = lost_tasks(published, _off(before, facts), facts.begun)
    published = engine.as_far_as_known(before, published, lost)
    now = clock.minutes_gone(row.on)
    stays = standing(before, published, facts.begun, now, away=incident.carer)
    away = _off(before, facts) | ({incident.carer} if isinstance(change, CarerIll) else set())
    locks = Locks.from_json(row.locks).without_carers(away)
    problem, plan = _repaired(before, published, Disruption(now, change, stays), locks)
    return keep_plan(
        session,
        actor=actor,
        kept=keep_problem(session, problem, area_code=row.area_code, on=row.on),
        problem=problem,
        plan=plan,
        locks_of=row,
        amends_id=row.id,
        reason=_reason(incident, row.reason.get("late", {})),
        read_at=read_at,
    )


def _repaired(before: Problem, published: Plan, happened: Disruption, locks: Locks) -> tuple[Problem, Plan]:
    """The day as it is now, free of locks, and the plan for it that keeps them.

    A lock that keeps from being visited who was visited before is given up, and so are the locked days of carers where
    nobody else can go to a visit that came in between; neither before a longer look, nor is such a visit left out.
    """
    places = engine.places_of(published)
    known = {task.id for task in before.tasks}
    for _ in range(_TRIES):
        held = engine.locked(before, locks, places)
        for seconds in (_SEARCH_SECONDS, _CAREFUL_SECONDS):
            found = replan(held, published, _kept_from(happened, locks), Limits(seconds=seconds))
            plan = _promised(found.problem, engine.sound(found.problem, found.plan), published)
            left = {one.task for one in plan.unserved}
            fewer = _given_up(locks, left, places, known)
            if fewer == locks and left <= known:
                break
        if fewer == locks:
            break
        locks = fewer
    if held is before:
        return found.problem, plan
    return changed(before, published, happened, frozen_visits(before, published, happened)), plan


def _kept_from(happened: Disruption, locks: Locks) -> Disruption:
    """What happened; a visit that came in between is not given to carers whose day is locked."""
    change = happened.change
    if not isinstance(change, VisitAdded) or not locks.carers:
        return happened
    tasks = tuple(replace(task, banned_carers=task.banned_carers | locks.carers) for task in change.tasks)
    return replace(happened, change=replace(change, tasks=tasks))


def _given_up(locks: Locks, left: set[str], places: Places, known: set[str]) -> Locks:
    """The locks without those that leave somebody without a visit."""
    lonely = {places[task].carer for task in left if task in places} & locks.carers
    is_added_left = bool(left - known)
    fewer = locks.without_task(left)
    return replace(fewer, carers=frozenset() if is_added_left else fewer.carers - lonely)


def _off(problem: Problem, facts: DayFacts) -> frozenset[str]:
    """The carers of a problem who are off by now."""
    at_work = {carer.person.id for carer in facts.carers} - facts.away
    return frozenset(carer.id for carer in problem.carers if carer.id not in at_work)


def _promised(problem: Problem, plan: Plan, published: Plan) -> Plan:
    """The repaired plan at the promised times, except for carers with whom that breaks a rule: they are early."""
    early: set[str] = set()
    for _ in range(_TRIES):
        kept = keep_times(problem, plan, published, early)
        faults = engine.violations_of(problem, kept)
        if not faults:
            return kept
        places = engine.places_of(kept)
        early |= {fault.carer for fault in faults} | {places[one.task].carer for one in faults if one.task in places}
    return plan


def _reason(incident: Incident, late: Mapping[str, int]) -> dict[str, Any]:
    """What the draft answers, as kept with it: ids and codes, no names. Until when somebody is held up adds up."""
    kept = {
        "kind": incident.kind,
        "carer": incident.carer,
        "visit": incident.visit_id,
        "from": incident.from_code,
        "to": incident.to_code,
        "late": {**late, incident.carer: incident.until} if incident.kind == "late" else {},
    }
    return {key: value for key, value in kept.items() if value}


_Answer = tuple[Change, DayFacts, Problem]  # what changes, the day's facts, and the day before it happened


@dataclass(frozen=True)
class _Happening:
    """All that is known when something happens."""

    session: Session
    actor: Actor
    row: DayPlan
    published: Plan
    incident: Incident

    def facts(self) -> DayFacts:
        """The day as the book has it now."""
        return facts_for(self.session, self.row, self.published, self.incident.carer)

    def repaired_before(self, facts: DayFacts) -> Problem | None:
        """The day as an earlier repair left it, where the published plan comes from one; without who is off since."""
        if self.row.reason.get("kind") not in KINDS:
            return None
        left = engine.unpack_problem(self.session.get_one(DayProblem, self.row.problem_digest).body)
        left = barred(left, _off(left, facts), facts.begun)
        return held_up(left, self.published, self.row.reason.get("late", {}), facts.begun)

    def day(self) -> tuple[DayFacts, Problem]:
        """The day before it happened: to be read before anything is noted."""
        facts = self.facts()
        return facts, self.repaired_before(facts) or problem_now(facts, self.row)

    def carer_among(self, before: Problem) -> str:
        """The carer it is about; refuses one who is not out on this day."""
        if self.incident.carer not in {carer.id for carer in before.carers}:
            raise BadInput("dayplans.not_at_work", T("This person is not at work on this day."), field="carer")
        return self.incident.carer


def _ill(what: _Happening) -> _Answer:
    facts, before = what.day()
    carer = what.carer_among(before)
    reason = "no_show" if what.incident.kind == "no_show" else "ill"
    people.take_day_off(what.session, actor=what.actor, person_id=carer, on=what.row.on, reason=reason)
    return CarerIll(carer), facts, before


def _late(what: _Happening) -> _Answer:
    if not 0 < what.incident.until <= 24 * 60:
        raise BadInput("dayplans.bad_start", T("Choose a time of this day."), field="until")
    facts, before = what.day()
    return CarerLate(what.carer_among(before), what.incident.until), facts, before


def _road(what: _Happening) -> _Answer:
    told = what.incident
    facts, before = what.day()
    closure = areas.close_road(
        what.session,
        actor=what.actor,
        from_code=told.from_code,
        to_code=told.to_code,
        starts_on=what.row.on,
        ends_on=what.row.on,
        extra_minutes=told.extra_minutes,
        reason="",
    )
    return RoadClosed(closure_of(spots_of(facts)[1], closure)), facts, before


def _urgent(what: _Happening) -> _Answer:
    """A visit that has to be made still today; for an alarm within the hour, by whoever is near."""
    told, row = what.incident, what.row
    rule = "dispatch.alarm_minutes" if told.kind == "sos" else "dispatch.urgent_minutes"
    within = in_force(what.session, row.area_code, row.on).number(rule)
    asked = visits.UrgentIn(told.elder_id, told.service, row.on, told.minutes, within)
    visit = visits.call_for_help_now(what.session, actor=what.actor, asked=asked)
    facts = what.facts()
    now = problem_now(facts, row)
    tasks = tuple(task for task in now.tasks if visit_of(task.id) == visit.id)
    links = tuple(link for link in now.links if visit_of(link.first) == visit.id)
    before = _without_visit(what.repaired_before(facts) or now, visit.id)  # called for before, it is in the day already
    return VisitAdded(tasks, links), facts, with_places(before, now, {task.place for task in tasks})


def _without_visit(problem: Problem, visit_id: str) -> Problem:
    tasks = tuple(task for task in problem.tasks if visit_of(task.id) != visit_id)
    links = tuple(link for link in problem.links if visit_of(link.first) != visit_id)
    return replace(problem, tasks=tasks, links=links)


def _cancelled(what: _Happening) -> _Answer:
    facts, before = what.day()
    tasks = [task.id for task in before.tasks if visit_of(task.id) == what.incident.visit_id]
    if not tasks:
        raise BadInput("dayplans.unknown_move", T("This visit or this person is not in the day."), field="visit_id")
    visits.cancel(what.session, actor=what.actor, visit_id=what.incident.visit_id, reason=CALLED_OFF)
    return VisitCancelled(tasks[0]), facts, before


_NOTED: Mapping[str, Callable[[_Happening], _Answer]] = {
    "ill": _ill,
    "no_show": _ill,
    "late": _late,
    "road": _road,
    "urgent": _urgent,
    "sos": _urgent,
    "cancelled": _cancelled,
}


def discard(session: Session, *, actor: Actor, day_plan_id: str) -> DayPlan:
    """Put a draft aside: it stays to be looked at and can be published no more."""
    row = session.get(DayPlan, day_plan_id)
    if row is None or not actor.scope.holds_area(row.area_code):
        raise NotFound("dayplans.no_such_plan", T("There is no such day plan in your area."))
    put_aside = {"state": DayPlanState.SUPERSEDED}
    if claim(session, DayPlan, row.id, expected={"state": DayPlanState.DRAFT}, change=put_aside):
        note(session, actor=actor, action="dayplans.discard", subject_id=row.id, area_code=row.area_code)
    session.refresh(row)  # or somebody published it meanwhile
    return row
