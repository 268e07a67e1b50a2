"""A plan becomes the day: everybody on it is invited, what stood before is replaced, who is touched is told."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sqlmodel import Session, col, select

from dispatch.model import Violation
from dispatch.violations import Rule
from timebank.areas.models import Area
from timebank.audit.operations import note
from timebank.core import clock, ids
from timebank.core.actors import Actor
from timebank.core.claims import claim
from timebank.core.errors import NotFound, Refused
from timebank.core.text import T
from timebank.dayplans.adapter import engine
from timebank.dayplans.adapter.engine import Plan, Problem
from timebank.dayplans.adapter.problem import with_drives_of
from timebank.dayplans.models import DayNotice, DayPlan, DayPlanState, DayProblem
from timebank.dayplans.operations.hand import changed_meanwhile
from timebank.dayplans.operations.planning import keep_plan, keep_problem, refuse_faults
from timebank.dayplans.queries.facts import TO_PLAN, DayFacts
from timebank.dayplans.queries.newer import refuse_replaced
from timebank.dayplans.queries.standing import as_it_stands, facts_for, problem_now, published_version
from timebank.dayplans.rules import FETCH, Placed, Places, Step, differences, visit_of
from timebank.visits import operations as visits
from timebank.visits.models import Visit, VisitState
from timebank.visits.queries import COMING

_ABOUT_WHO = (Rule.SKILL, Rule.CARER_LIST, Rule.SEX, Rule.UNKNOWN_CARER, Rule.WINDOW, Rule.DURATION)
_NEVER_STANDS = (Rule.NO_ROAD, Rule.SHIFT)  # no matter of minutes, also where the version that stands breaks it
CALLED_OFF = "coordinator"  # the reason of a visit that the office takes off the day
Crew = list[tuple[str, int]]  # (person, start minute)


def publish_day(session: Session, *, actor: Actor, day_plan_id: str, revision: int) -> DayPlan:
    """Make a draft the day that counts: invite everybody it names; the version published before is superseded.

    Published again it changes nothing. Refuses a version that somebody changed since `revision`, one that is older
    than what is published or does not know of it, one made for other visits than stand in the book now, one that the
    checker faults, and one that the day has overtaken.
    """
    row = _alone(session, actor, day_plan_id)
    if row.state == DayPlanState.PUBLISHED:
        return row
    older = published_version(session, row.area_code, row.on)
    _refuse_stale(session, row, revision, older)
    plan = engine.unpack_plan(row.body)
    facts = facts_for(session, row, plan)
    _refuse_unfit(session, row, plan, facts, older)
    if older is not None and row.on == clock.today():
        _refuse_overtaken(engine.places_of(engine.unpack_plan(older.body)), engine.places_of(plan), facts)
    now = {"state": DayPlanState.PUBLISHED, "published_by": actor.user_id, "published_at": clock.now()}
    if not claim(session, DayPlan, row.id, expected={"state": DayPlanState.DRAFT, "revision": revision}, change=now):
        raise changed_meanwhile()
    if older is not None:
        older.state = DayPlanState.SUPERSEDED
        session.add(older)
    session.refresh(row)
    open_visits = [visit for visit in facts.visits if visit.state in TO_PLAN]
    crews = crews_of(plan)
    invited = _invite(session, actor, row.id, open_visits, crews, facts)
    for visit in open_visits:
        if visit.id not in crews:
            visits.withdraw(session, actor=actor, visit_id=visit.id)
    if older is not None:
        _note_whom_to_tell(session, row, engine.unpack_plan(older.body), plan, facts)
    note(session, actor=actor, action="dayplans.publish", subject_id=row.id, area_code=row.area_code, invited=invited)
    return row


def take_over(session: Session, *, actor: Actor, day_plan_id: str) -> DayPlan:
    """A new draft from a version, for the day as it stands now: visits that came wait in it, those that went are gone.

    This is how a published day is changed: the draft is worked on, seen as a difference, and published in its place.
    Of a day under way what has begun is fixed, and the rest is open from now on. Locks go on where they can be kept.
    """
    row = session.get(DayPlan, day_plan_id)
    if row is None or not actor.scope.holds_area(row.area_code):
        raise NotFound("dayplans.no_such_plan", T("There is no such day plan in your area."))
    refuse_replaced(session, row)  # a version made from it would undo what was published since
    read_at = clock.now()
    problem, plan = as_it_stands(session, row)
    return keep_plan(
        session,
        actor=actor,
        kept=keep_problem(session, problem, area_code=row.area_code, on=row.on),
        problem=problem,
        plan=plan,
        locks_of=row,
        amends_id=row.id,
        reason={"kind": "change"},
        read_at=read_at,
        may_be_faulty=True,
    )


def _alone(session: Session, actor: Actor, day_plan_id: str) -> DayPlan:
    """The version, while nobody else makes or publishes one of its township: of two at once the second waits."""
    row = session.get(DayPlan, day_plan_id)
    if row is None or not actor.scope.holds_area(row.area_code):
        raise NotFound("dayplans.no_such_plan", T("There is no such day plan in your area."))
    session.get(Area, row.area_code, with_for_update=True)
    session.refresh(row, with_for_update=True)
    return row


def _refuse_stale(session: Session, row: DayPlan, revision: int, standing: DayPlan | None) -> None:
    if row.revision != revision:
        raise changed_meanwhile()
    if row.state == DayPlanState.SUPERSEDED:
        refuse_replaced(session, row)
    if row.state != DayPlanState.DRAFT:
        text = T("This version was replaced or is only a trial. Open the newest version of the day.")
        raise Refused("dayplans.not_a_draft", text)
    if row.on < clock.today():
        raise Refused("dayplans.day_is_over", T("This day is over. Choose today or a later day."))
    if standing is None:
        return
    if standing.version > row.version:
        number = standing.version
        text = T("Version {version} of this day is published already. Open it and change that one.", version=number)
        raise Refused("dayplans.newer_is_published", text)
    if standing.published_at is not None and standing.published_at > row.made_at:
        text = T(
            "Version {version} was published after this one was begun. Change that one, so that nothing of it is lost.",
            version=standing.version,
        )
        raise Refused("dayplans.made_before_published", text)


def _refuse_unfit(session: Session, row: DayPlan, plan: Plan, facts: DayFacts, older: DayPlan | None) -> None:
    """The plan must fit the visits, the people and the roads of now, not only those it was made for.

    A change need not mend what the version that stands breaks too by minutes, since drives are learnt every night. Of
    a day under way the roads and hours are those that it was made for: what is driven already cannot be judged anew.
    """
    fresh = problem_now(facts, row)
    begun, is_change = facts.begun, bool(row.reason.get("kind"))
    _refuse_other_visits(plan, {visit_of(task.id) for task in fresh.tasks}, begun)
    if begun or is_change:
        made_for = engine.unpack_problem(session.get_one(DayProblem, row.problem_digest).body)
        refuse_faults(session, row.area_code, made_for, engine.violations_of(made_for, plan))
        part = _what_is_open(fresh, plan, begun)
        about_who = [fault for fault in engine.violations_of(*part) if fault.code in _ABOUT_WHO]
        refuse_faults(session, row.area_code, fresh, about_who)
        if _knows_roads(row, facts):
            fresh = with_drives_of(made_for, fresh)
    if not begun and not (is_change and clock.minutes_gone(row.on)):
        known = _faults(fresh, engine.unpack_plan(older.body)) if is_change and older is not None else {}
        new = [fault for key, fault in _faults(fresh, plan).items() if key not in known or fault.code in _NEVER_STANDS]
        refuse_faults(session, row.area_code, fresh, new)


def _knows_roads(row: DayPlan, facts: DayFacts) -> bool:
    """Whether a change was made with the closed roads of now."""
    since, own = ids.first_id("rdc", row.made_at), (row.reason.get("from"), row.reason.get("to"))
    return all(one.id < since or (one.from_code, one.to_code) == own for one in facts.closures)


def _faults(problem: Problem, plan: Plan) -> dict[tuple[str, str, str], Violation]:
    """What a plan breaks, by the rule and by whom and what it is about."""
    return {(fault.code, fault.task, fault.carer): fault for fault in engine.violations_of(problem, plan)}


def _what_is_open(problem: Problem, plan: Plan, begun: set[str]) -> tuple[Problem, Plan]:
    """The part of the day that has not begun."""
    tasks = tuple(task for task in problem.tasks if visit_of(task.id) not in begun)
    names = {task.id for task in tasks}
    routes = tuple(
        replace(route, stops=tuple(stop for stop in route.stops if stop.task in names)) for route in plan.routes
    )
    links = tuple(link for link in problem.links if link.first in names and link.second in names)
    open_routes = tuple(route for route in routes if route.stops)
    return replace(problem, tasks=tasks, links=links), replace(plan, routes=open_routes)


def _refuse_other_visits(plan: Plan, wanted: set[str], begun: set[str]) -> None:
    planned = {visit_of(stop.task) for route in plan.routes for stop in route.stops}
    planned |= {visit_of(one.task) for one in plan.unserved}
    added, gone = wanted - planned - begun, planned - wanted - begun
    if added or gone:
        text = T(
            "Since this plan was made, {added:# visit|# visits} came and {gone} went. "
            "Plan the day again, or take them over.",
            added=len(added),
            gone=len(gone),
        )
        raise Refused("dayplans.visits_changed", text)


def _refuse_overtaken(stood: Places, becomes: Places, facts: DayFacts) -> None:
    """The day goes on while a draft of it lies open: what has begun since stays with whom it began, and nobody is
    invited for an hour that is over by more than makes a visit late."""
    begun, known = facts.begun, {carer.person.id for carer in facts.carers}
    elsewhere = {
        visit_of(task)
        for task, one in stood.items()
        if visit_of(task) in begun and one.carer in known and not _is_with(becomes.get(task), one.carer)
    }
    if elsewhere:
        count = len(elsewhere)
        text = T(
            "{count:# visit has|# visits have} begun with others than this version says. Change the published one.",
            count=count,
        )
        raise Refused("dayplans.begun_elsewhere", text)
    over = clock.minutes_gone(facts.on) - facts.policy.number("visit.late_minutes")
    early = {task for task, one in becomes.items() if visit_of(task) not in begun and one.starts < over}
    gone = {visit_of(task) for task in early if not _is_promised(stood.get(task), becomes[task])}
    if gone:
        text = T(
            "{count:# visit of this version would begin at an hour that is over. Place it anew.|"
            "# visits of this version would begin at an hour that is over. Place them anew.}",
            count=len(gone),
        )
        raise Refused("dayplans.hours_are_over", text)


def _is_with(placed: Placed | None, carer: str) -> bool:
    return placed is not None and placed.carer == carer


def _is_promised(stood: Placed | None, becomes: Placed) -> bool:
    """Whether somebody was to be there already, at that time or before: we only have not heard of it yet."""
    return _is_with(stood, becomes.carer) and stood is not None and stood.starts <= becomes.starts


def crews_of(plan: Plan) -> dict[str, Crew]:
    """Who comes to each visit and when, as a plan says; fetching a meal is no visit."""
    crews: dict[str, Crew] = {}
    for task_id, placed in engine.places_of(plan).items():
        if not task_id.endswith(FETCH):
            crews.setdefault(visit_of(task_id), []).append((placed.carer, placed.starts))
    return crews


def _invite(
    session: Session,
    actor: Actor,
    day_plan_id: str,
    open_visits: Sequence[Visit],
    crews: Mapping[str, Crew],
    facts: DayFacts,
) -> int:
    """Invite the crews that differ from who is asked already; answers that were given for the same time stay, or for
    one so near to it that nobody is told."""
    invited, same = 0, facts.policy.number("dispatch.tell_minutes")
    for visit in open_visits:
        crew = crews.get(visit.id)
        if crew is None:
            continue
        standing = [(one.person_id, one.minute) for one in facts.invitations.get(visit.id, ()) if one.state in COMING]
        if sorted(standing) == sorted(crew):
            visits.keep_on_plan(session, visit_id=visit.id, day_plan_id=day_plan_id)
            continue
        visits.assign(session, actor=actor, visit_id=visit.id, carers=crew, day_plan_id=day_plan_id, same_minutes=same)
        invited += 1
    return invited


def _note_whom_to_tell(session: Session, row: DayPlan, before: Plan, after: Plan, facts: DayFacts) -> None:
    """One notice for each volunteer and each elder whose day is another now; nobody need be told of what has begun, nor
    of a few minutes (policy `dispatch.tell_minutes`): their page shows the time that counts."""
    elders, begun = {visit.id: visit.elder_id for visit in facts.visits}, facts.begun
    called_off = _called_off(session, set(crews_of(before)) - set(elders))
    elders |= called_off
    least = facts.policy.number("dispatch.tell_minutes")
    steps: dict[tuple[str, bool], list[dict[str, object]]] = {}
    for step in differences(engine.places_of(before), engine.places_of(after)):
        if step.task_id.endswith(FETCH) or visit_of(step.task_id) in begun or _is_slight(step, least):
            continue
        for person_id, as_elder in _touched_by(step, elders):
            steps.setdefault((person_id, as_elder), []).append(_as_json(step, called_off))
    for (person_id, as_elder), told in sorted(steps.items()):
        key = ids.new_id("ntc")
        session.add(DayNotice(id=key, day_plan_id=row.id, person_id=person_id, as_elder=as_elder, steps=told))


def _called_off(session: Session, visit_ids: Collection[str]) -> dict[str, str]:
    """The elders of those visits that the office called off: the family need not be told of what it did itself."""
    found = select(Visit).where(col(Visit.id).in_(visit_ids), Visit.state == VisitState.CANCELLED)
    by_office = found.where(Visit.cancel_reason == CALLED_OFF)
    return {visit.id: visit.elder_id for visit in session.exec(by_office)}


def _is_slight(step: Step, least: int) -> bool:
    """Whether the same person comes so little earlier or later that it is no news."""
    if step.before is None or step.after is None or step.before.carer != step.after.carer:
        return False
    return abs(step.after.starts - step.before.starts) < least


def _touched_by(step: Step, elders: Mapping[str, str]) -> list[tuple[str, bool]]:
    carers = {placed.carer for placed in (step.before, step.after) if placed}
    elder = elders.get(visit_of(step.task_id))
    return [*((carer, False) for carer in sorted(carers)), *([(elder, True)] if elder else [])]


def _as_json(step: Step, called_off: Collection[str]) -> dict[str, object]:
    return {
        "visit": visit_of(step.task_id),
        "kind": "called_off" if visit_of(step.task_id) in called_off else step.kind,
        "before": _where(step.before),
        "after": _where(step.after),
    }


def _where(placed: Placed | None) -> list[object] | None:
    return [placed.carer, placed.starts] if placed else None
