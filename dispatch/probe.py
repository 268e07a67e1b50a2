"""A day put to CP-SAT as a question: can these tasks be served, and if not, which rules are in each other's way?"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ortools.sat.python import cp_model

from dispatch.check import price
from dispatch.clock import Expression
from dispatch.exact import order_of, plan_of
from dispatch.formulation import OTHERS, Formulation, against
from dispatch.model import Limits, Link, Plan, Problem
from dispatch.reasons import OTHER_TASKS, Reason, carer_reason, link_reason, reason, task_reason
from dispatch.violations import Rule

Key = tuple[str, str]
"""A rule and whom or what it is about, as in ``Formulation.rules``."""

FOUND = (cp_model.OPTIMAL, cp_model.FEASIBLE)

ORDER = [
    OTHERS,
    OTHER_TASKS,
    Rule.LOAD,
    Rule.MAX_VISITS,
    Rule.MAX_WORK,
    Rule.BREAK,
    Rule.SHIFT,
    Rule.LINK_CARERS,
    Rule.LINK_GAP,
    Rule.VEHICLE_MISSING,
    Rule.WINDOW,
    Rule.PIN_START,
    Rule.PIN_CARER,
    Rule.CARER_LIST,
    Rule.SEX,
    Rule.SKILL,
    Rule.NO_ROAD,
]
"""Which rules are left out first: what is said in the end is the most lasting of several reasons."""


class Deadline:
    """The end of all questions about one explanation."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self.end = limits, time.process_time() + limits.seconds

    def left(self) -> float:
        """CPU seconds that are left; none after a stop."""
        stopped = self.limits.stop is not None and self.limits.stop()
        return 0.0 if stopped else self.end - time.process_time()


class Probe:
    """A day in which some tasks have to be served, every rule against them assumed.

    Parameters
    ----------
    problem
        The day, or the part of it that is concerned.
    routes
        Orders that stay, by carer and round; ``None`` lets everything move.
    asked
        The tasks to be served.
    orders
        What is served now, and in which order.
    """

    def __init__(
        self,
        problem: Problem,
        routes: Mapping[str, Sequence[str]] | None,
        asked: frozenset[str],
        orders: Mapping[str, Sequence[str]],
        deadline: Deadline,
    ) -> None:
        self.problem, self.routes, self.asked, self.orders, self.deadline = problem, routes, asked, orders, deadline
        self.formulation = Formulation(problem, routes, asked)
        self.solver = cp_model.CpSolver()
        self.solver.parameters.num_workers = 1
        # With given orders little more than propagation is left: 10 ms without presolve, 160 ms with it (150 visits).
        self.solver.parameters.cp_model_presolve = routes is None
        self.solver.parameters.symmetry_level = 0
        self.solver.parameters.linearization_level = 0
        self.complete = True
        self.wanted = next(task for task in problem.tasks if task.id in asked)
        if routes is None:
            self._keep_served()

    def _keep_served(self) -> None:
        literals = self.formulation.rule(OTHER_TASKS, "")
        for order in self.orders.values():
            for task in order:
                served = self.formulation.served[self.formulation.number[task]]
                self.formulation.model.add(served == 1).only_enforce_if(*literals)

    def insist(self, carer: str, task: str) -> None:
        """The carer has to do the task."""
        self.wanted = self.formulation.task(task)
        visits = self.formulation.carers[carer].visits
        self.formulation.model.add(visits[self.formulation.number[task]] == 1)

    def solve(self, keys: Sequence[Key], least: Expression | None = None) -> int:
        """The status under these rules, at the least of an expression if one is given."""
        left = self.deadline.left()
        if left <= 0:
            self.complete = False
            return int(cp_model.UNKNOWN)
        self.solver.parameters.max_time_in_seconds = left
        model = self.formulation.model
        model.clear_objective()  # type: ignore[no-untyped-call]
        if least is not None:
            model.minimize(least)
        model.clear_assumptions()
        model.add_assumptions([self.formulation.rules[key] for key in keys])
        status = int(self.solver.solve(model))
        self.complete = self.complete and status != cp_model.UNKNOWN
        return status

    def feasible(self) -> bool:
        """Whether all rules can hold together."""
        return self.solve(list(self.formulation.rules)) in FOUND

    def conflict(self) -> list[Key] | None:
        """A smallest set of rules that contradict each other, most lasting first; ``None`` where all can hold."""
        keys = list(self.formulation.rules)
        status = self.solve(keys)
        if status in FOUND:
            return None
        core = self._named(keys) if status == cp_model.INFEASIBLE else []
        for key in sorted(core, key=_lasting):
            if key not in core:
                continue
            trial = [other for other in core if other != key]
            if self.solve(trial) == cp_model.INFEASIBLE:
                core = self._named(trial)
        return sorted(core, key=lambda key: (-ORDER.index(key[0]), key[1]))

    def _named(self, keys: Sequence[Key]) -> list[Key]:
        """The assumptions among ``keys`` that the solver holds responsible."""
        indices = set(self.solver.sufficient_assumptions_for_infeasibility())
        return [key for key in keys if self.formulation.rules[key].index in indices]

    # What it found.

    def order(self, name: str) -> list[str]:
        """The tasks of a route in the solution."""
        circuit = self.formulation.carers[name]
        return [self.problem.tasks[index].id for index in order_of(circuit, self.solver)]

    def start(self, task: str) -> int:
        """The start of a task in the solution."""
        return int(self.solver.value(self.formulation.starts[self.formulation.number[task]]))

    def who(self) -> str:
        """Who does the task that was asked for."""
        number = self.formulation.number[self.wanted.id]
        carers = self.formulation.carers.items()
        doing = (name for name, circuit in carers if self.solver.boolean_value(circuit.visits[number]))
        return next(doing)

    def extra_cost(self, problem: Problem, plan: Plan) -> int | None:
        """Cost of ``plan`` with the cheapest, then earliest places of what is asked, less its cost as it stands."""
        formulation = self.formulation
        if self.solve(list(formulation.rules), formulation.cost) not in FOUND:
            return None
        formulation.model.add(formulation.cost <= round(self.solver.objective_value))
        if self.solve(list(formulation.rules), formulation.starts[formulation.number[self.wanted.id]]) not in FOUND:
            return None
        part = plan_of(formulation, self.solver)
        concerned = formulation.carers.keys() | self.orders.keys() | {route.carer for route in part.routes}
        kept = tuple(route for route in plan.routes if route.carer not in concerned)
        return price(problem, replace(plan, routes=kept + part.routes)).total - price(problem, plan).total

    def reason(self, key: Key) -> Reason:
        """A rule of the conflict, with what it asks."""
        code, subject = key
        problem = self.problem
        if code in (OTHERS, OTHER_TASKS):
            orders = [self.orders.get(subject, ())] if code == OTHERS else self.orders.values()
            return reason(code, "", subject, visits=sum(len(order) for order in orders))
        if code in (Rule.LINK_GAP, Rule.LINK_CARERS):
            return link_reason(problem, code, self.link(subject))
        if subject in self.formulation.number:
            task = self.formulation.task(subject)
            able = sum(code not in against(carer, task) for carer in problem.carers)
            return task_reason(problem, code, task, able)
        return carer_reason(problem, code, next(carer for carer in problem.carers if carer.id == subject))

    def link(self, subject: str) -> Link:
        """The link that a rule is about."""
        return next(link for link in self.problem.links if f"{link.first}|{link.second}" == subject)


def _lasting(key: Key) -> tuple[int, str]:
    return ORDER.index(key[0]), key[1]
