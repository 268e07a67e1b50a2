"""An elder moves: the days that were planned already learn the new door by themselves, as far as no rule breaks."""

from dataclasses import dataclass, field

from sqlmodel import Session

from timebank.core import clock
from timebank.core.actors import SYSTEM, Actor
from timebank.core.claims import claim
from timebank.core.errors import TimebankError
from timebank.core.text import T
from timebank.dayplans.adapter import engine
from timebank.dayplans.adapter.engine import Plan, Problem
from timebank.dayplans.adapter.hand import keep_times
from timebank.dayplans.models import DayPlan, DayPlanState
from timebank.dayplans.operations.hand import changed_meanwhile
from timebank.dayplans.operations.planning import keep_plan, keep_problem
from timebank.dayplans.operations.publishing import publish_day
from timebank.dayplans.queries.moved import planned_for_old_door
from timebank.dayplans.queries.plans import versions_at_work
from timebank.dayplans.queries.standing import as_it_stands
from timebank.people.effects import RELOCATED, follows
from timebank.people.models import Person, PersonCase


@follows("days_learn_door", T("planned days that know the new door"))
def learn_door(session: Session, _actor: Actor, elder: Person, case: PersonCase) -> int:
    """Published plans and newer drafts of today and later get a new version that leads to the new door; how many.

    A published day stays one: the version is published in its place, and whoever has another time is told as of any
    change. Where that would break a rule the visit waits with that reason; where the rest of the day breaks rules too,
    or cannot be planned now, the version stays and the board shows the stop. Who enters the move need be no planner, so
    the office's machine does it.
    """
    if case.kind != RELOCATED:
        return 0
    township = str(case.detail["from_area"])[:9]
    anew = _Anew(session, elder)
    return sum(anew.learns(row) for row in versions_at_work(session, township, clock.today()))


@dataclass
class _Anew:
    """The versions of one move, each made anew for itself; `made` names the newer one of each."""

    session: Session
    elder: Person
    made: dict[str, str] = field(default_factory=dict)

    def learns(self, row: DayPlan) -> bool:
        """Make a version anew; False where it does not lead to the elder, or cannot be."""
        moved = {visit.id for visit in planned_for_old_door(self.session, row, [self.elder.id])}
        if not moved:
            return False
        part = self.session.begin_nested()
        try:
            made = self._published(row, moved) if row.state == DayPlanState.PUBLISHED else self._draft(row)
            part.commit()
        except TimebankError:  # the move itself is a fact, whatever the plan says
            part.rollback()
            return False
        self.made[row.id] = made.id
        return True

    def _published(self, row: DayPlan, moved: set[str]) -> DayPlan:
        problem, plan = as_it_stands(self.session, row)
        if engine.violations_of(problem, plan):
            plan = engine.without(problem, plan, moved, "moved")
            plan = keep_times(problem, plan, engine.unpack_plan(row.body))
        made = self._keep(row, problem, plan, amends_id=row.id, reason={"kind": "moved"})
        return publish_day(self.session, actor=SYSTEM, day_plan_id=made.id, revision=made.revision)

    def _draft(self, row: DayPlan) -> DayPlan:
        """What somebody is at work on goes on as a draft, with its locks; what breaks a rule stands out on it."""
        problem, plan = as_it_stands(self.session, row)
        amends_id = self.made.get(row.amends_id or "", row.amends_id)
        made = self._keep(row, problem, plan, amends_id=amends_id, reason=row.reason)
        replaced = {"state": DayPlanState.SUPERSEDED}
        if not claim(self.session, DayPlan, row.id, expected={"state": row.state}, change=replaced):
            raise changed_meanwhile()
        return made

    def _keep(
        self, row: DayPlan, problem: Problem, plan: Plan, *, amends_id: str | None, reason: dict[str, object]
    ) -> DayPlan:
        return keep_plan(
            self.session,
            actor=SYSTEM,
            kept=keep_problem(self.session, problem, area_code=row.area_code, on=row.on),
            problem=problem,
            plan=plan,
            locks_of=row,
            amends_id=amends_id,
            reason=reason,
            may_be_faulty=row.state == DayPlanState.DRAFT,
        )
