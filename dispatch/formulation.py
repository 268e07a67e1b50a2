"""A day as a CP-SAT model: one circuit for each carer and vehicle round, one start for each task.

The same model proves small days (``exact``), times a plan whose routes are given, and is asked why a task does not fit
(``explain``). Unless something is asked everything is optional, so there always is a solution: nobody goes anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

from ortools.sat.python import cp_model

from dispatch.clock import Clock, Expression, latest
from dispatch.model import UNREACHABLE, Carer, Link, NotExpressible, Problem, Task, Vehicle, Window
from dispatch.rules import may_serve, preference_cost, unserved_cost
from dispatch.violations import Rule

DEPOT = -1
"""Start and end of a route, in arcs."""

MAX_ARCS = 100_000
"""Above this the model takes minutes and gigabytes to build, and proves nothing anyway."""

OTHERS = "others"
"""The rule, beside those of ``Rule``, that what a carer already has stays with that carer."""

Literals = tuple[cp_model.IntVar, ...]


@dataclass
class Circuit:
    """One route: which tasks are on it, in which order, and how long its drives are in all."""

    used: cp_model.IntVar
    visits: dict[int, cp_model.IntVar]
    arcs: dict[tuple[int, int], cp_model.IntVar]
    drive: Expression


@dataclass
class Formulation:
    """The CP-SAT model of ``problem`` and the variables that a plan is read from.

    Parameters
    ----------
    problem
        A problem that passed ``dispatch.files.check_problem``.
    routes
        Orders of tasks by carer id or round id. Where given, these are the routes (none where a name is missing) and
        the model merely times them, and inserts what is asked.
    asked
        Tasks that have to be served. Then each rule that may stand against it holds under a literal of ``rules``, and
        what the routes hold stays where it is under the literals of ``OTHERS``.

    Raises
    ------
    NotExpressible
        Where the model would be too large to be of use.
    """

    problem: Problem
    routes: Mapping[str, Sequence[str]] | None = None
    asked: frozenset[str] = frozenset()
    model: cp_model.CpModel = field(default_factory=cp_model.CpModel)
    rules: dict[tuple[str, str], cp_model.IntVar] = field(default_factory=dict)
    carers: dict[str, Circuit] = field(default_factory=dict)
    rounds: dict[str, Circuit] = field(default_factory=dict)
    clocks: dict[str, Clock] = field(default_factory=dict)
    carried: dict[str, dict[int, cp_model.IntVar]] = field(default_factory=dict)
    starts: list[cp_model.IntVar] = field(default_factory=list)
    served: list[cp_model.IntVar] = field(default_factory=list)
    costs: list[Expression] = field(default_factory=list)

    def __post_init__(self) -> None:
        problem, self.place = self.problem, {name: index for index, name in enumerate(self.problem.places)}
        self.number = {task.id: index for index, task in enumerate(problem.tasks)}
        self.horizon = horizon(problem)
        self._refuse_large()
        for task in problem.tasks:
            self._task(task)
        for carer in problem.carers:
            self._carer(carer)
        for vehicle in problem.vehicles:
            for index in range(len(vehicle.rounds)):
                self._round(vehicle, index)
        self._coverage()
        for link in problem.links:
            self._link(link)
        self._tardiness()
        self.cost: Expression = cp_model.LinearExpr.sum(self.costs)
        self.model.minimize(self.cost)

    def drive(self, mode: str, origin: str, destination: str) -> int:
        """Ticks of one leg."""
        return int(self.problem.matrices[mode][self.place[origin], self.place[destination]])

    def task(self, name: str) -> Task:
        """A task by its id."""
        return self.problem.tasks[self.number[name]]

    def span(self, task: int) -> tuple[int, int]:
        """Earliest and latest start of a task, as far as its hours cannot be given up."""
        domain = self.starts[task].domain
        return domain.min(), domain.max()

    def rule(self, code: str, subject: str) -> Literals:
        """Under which literals a rule holds: none, so always, unless something is asked."""
        if not self.asked:
            return ()
        if (code, subject) not in self.rules:
            self.rules[code, subject] = self.model.new_bool_var(f"{code} {subject}")
        return (self.rules[code, subject],)

    def _refuse_large(self) -> None:
        if self.routes is not None:
            return
        tasks = self.problem.tasks
        arcs = sum(sum(not may_serve(carer, task) for task in tasks) ** 2 for carer in self.problem.carers)
        if arcs > MAX_ARCS:
            raise NotExpressible(f"The exact model of this day would have {arcs} arcs; {MAX_ARCS} is the most.")

    # Tasks.

    def _task(self, task: Task) -> None:
        spans = [
            [window.opens_minutes, min(window.closes_minutes, self.horizon)]
            for window in task.windows
            if window.opens_minutes <= self.horizon
        ]
        domain, pin = cp_model.Domain.from_intervals(spans), task.pinned_start_minutes
        served = self.model.new_bool_var(f"served {task.id}")
        self.served.append(served)
        self.costs.append(unserved_cost(self.problem, task) * (1 - served))
        if task.id in self.asked:
            start = self.model.new_int_var(0, self.horizon, f"start {task.id}")
            self.model.add(served == 1)
            inside = self.model.add_linear_expression_in_domain(start, domain)
            inside.only_enforce_if(*self.rule(Rule.WINDOW, task.id))
            if pin is not None:
                self.model.add(start == pin).only_enforce_if(*self.rule(Rule.PIN_START, task.id))
        else:
            promised = domain if pin is None else domain.intersection_with(cp_model.Domain(pin, pin))
            if promised.is_empty():
                self.model.add(served == 0)
            domain = domain if promised.is_empty() else promised
            start = self.model.new_int_var_from_domain(domain, f"start {task.id}")
            self.model.add(start == domain.min()).only_enforce_if(~served)
        self.starts.append(start)

    def _coverage(self) -> None:
        for index, task in enumerate(self.problem.tasks):
            visits = [circuit.visits[index] for circuit in self.carers.values() if index in circuit.visits]
            self.model.add(sum(visits) == self.served[index])
            if task.vehicle_kind is not None:
                stands = [circuit.visits[index] for circuit in self.rounds.values() if index in circuit.visits]
                literals = self.rule(Rule.VEHICLE_MISSING, task.id) if task.id in self.asked else ()
                self.model.add(sum(stands) == self.served[index]).only_enforce_if(*literals)

    def _link(self, link: Link) -> None:
        first, second = self.number[link.first], self.number[link.second]
        concerns, subject = {link.first, link.second} & self.asked, f"{link.first}|{link.second}"
        gaps = self.rule(Rule.LINK_GAP, subject) if concerns else ()
        faces = self.rule(Rule.LINK_CARERS, subject) if concerns else ()
        if not self.asked:
            self.model.add(self.served[first] == self.served[second])
        both = (self.served[first], self.served[second])
        gap = self.starts[second] - self.starts[first]
        self.model.add(gap >= link.min_gap_minutes).only_enforce_if(*both, *gaps)
        if link.max_gap_minutes is not None:
            self.model.add(gap <= link.max_gap_minutes).only_enforce_if(*both, *gaps)
        for circuit in self.carers.values() if link.carers != "any" else ():
            one, other = circuit.visits.get(first, 0), circuit.visits.get(second, 0)
            if isinstance(one, int) and isinstance(other, int):
                continue
            if link.carers == "same":
                self.model.add(one == other).only_enforce_if(*both, *faces)
            else:
                self.model.add(one + other <= 1).only_enforce_if(*both, *faces)

    def _tardiness(self) -> None:
        weights, lates = self.problem.weights, []
        for index, task in enumerate(self.problem.tasks):
            last = self.span(index)[1]
            if task.due_minutes is None or last <= task.due_minutes:
                continue
            late = self.model.new_int_var(0, last - task.due_minutes, f"late {task.id}")
            self.model.add(late >= self.starts[index] - task.due_minutes).only_enforce_if(self.served[index])
            lates.append(late)
        self.costs += [weights.tardiness_minute * late for late in lates]
        if lates and weights.worst_tardiness_minute:
            worst = self.model.new_int_var(0, self.horizon, "worst")
            for late in lates:
                self.model.add(worst >= late)
            self.costs.append(weights.worst_tardiness_minute * worst)

    # Circuits.

    def _circuit(
        self, name: str, tasks: Iterable[int], ends: tuple[str, str, str], follows: Callable[[int, int, int], bool]
    ) -> Circuit:
        """A route over ``tasks``; ``ends`` are mode, start and end place; ``follows(i, j, drive)`` allows an arc."""
        mode, first_place, last_place = ends
        order = None if self.routes is None else [self.number[task] for task in self.routes.get(name, ())]
        used = self.model.new_bool_var(f"{name} goes out")
        if order is not None:
            tasks = [index for index in tasks if index in order or self._is_asked(index)]
            if not self.asked:
                self.model.add(used == bool(order))
        circuit = Circuit(used, {index: self.model.new_bool_var(f"{name} at {index}") for index in tasks}, {}, 0)
        places = {index: self.problem.tasks[index].place for index in circuit.visits}
        node = {index: number for number, index in enumerate([DEPOT, *circuit.visits])}
        loops: list[tuple[int, int, cp_model.LiteralT]] = [(0, 0, ~used)]
        loops += [(node[index], node[index], ~visit) for index, visit in circuit.visits.items()]
        legs: list[tuple[int, int, cp_model.LiteralT]] = []
        lengths: list[int] = []
        for origin, destination in self._pairs(node, order):
            drive = self.drive(mode, places.get(origin, first_place), places.get(destination, last_place))
            roadless = self._roadless(origin, destination) if drive >= UNREACHABLE else ()
            if (drive < UNREACHABLE or roadless) and follows(origin, destination, drive % UNREACHABLE):
                arc = self.model.new_bool_var(f"{name} {origin} {destination}")
                for literal in roadless:
                    self.model.add_implication(arc, ~literal)
                circuit.arcs[origin, destination] = arc
                legs.append((node[origin], node[destination], arc))
                lengths.append(drive % UNREACHABLE)
        self.model.add_circuit([*loops, *legs])
        for visit in circuit.visits.values():
            self.model.add_implication(visit, used)
        circuit.drive = cp_model.LinearExpr.weighted_sum(list(circuit.arcs.values()), lengths)
        return circuit

    def _keep(self, carer: str, circuit: Circuit) -> None:
        """What a carer has stays there while something else is asked."""
        for index, visit in circuit.visits.items():
            if self.asked and self.routes is not None and not self._is_asked(index):
                self.model.add(visit == 1).only_enforce_if(*self.rule(OTHERS, carer))

    def _is_asked(self, index: int) -> bool:
        return self.problem.tasks[index].id in self.asked

    def _pairs(self, nodes: Collection[int], order: list[int] | None) -> list[tuple[int, int]]:
        """Which nodes may follow each other: all, those of the given order, or what is asked in between."""
        if order is not None and not self.asked:
            pairs = pairwise([DEPOT, *order, DEPOT]) if order else ()
            return [pair for pair in pairs if pair[0] in nodes and pair[1] in nodes]
        every = [(origin, destination) for origin in nodes for destination in nodes if origin != destination]
        if order is None:
            return every
        rank = {index: number for number, index in enumerate(order)}
        free = len(order)  # the depot and what is asked may stand anywhere
        return [
            (origin, destination)
            for origin, destination in every
            if rank.get(origin, -1) < rank.get(destination, free) or self._is_asked(origin)
        ]

    def _roadless(self, origin: int, destination: int) -> Literals:
        """Under which literals a missing road between two nodes is missing; none where it cannot be asked about."""
        asked = [index for index in (origin, destination) if index != DEPOT and self._is_asked(index)]
        return self.rule(Rule.NO_ROAD, self.problem.tasks[asked[0]].id) if asked else ()

    def _carer(self, carer: Carer) -> None:
        problem, weights, rule = self.problem, self.problem.weights, self.rule
        able = [index for index, task in enumerate(problem.tasks) if self._able(carer, index, task)]
        follows = partial(self._follows, carer)
        circuit = self._circuit(carer.id, able, (carer.mode, carer.start_place, carer.end_place), follows)
        self.carers[carer.id] = circuit
        self._keep(carer.id, circuit)
        for index, visit in circuit.visits.items():
            self._match(carer, problem.tasks[index], visit)
        self._times(carer, circuit)
        self._loads(carer, circuit)
        visits = cp_model.LinearExpr.sum(list(circuit.visits.values()))
        durations = [self._duration(index) for index in circuit.visits]
        work = cp_model.LinearExpr.weighted_sum(list(circuit.visits.values()), durations) + circuit.drive
        if carer.max_visits is not None and circuit.visits:
            self.model.add(visits <= carer.max_visits).only_enforce_if(*rule(Rule.MAX_VISITS, carer.id))
        if carer.max_work_minutes is not None and circuit.visits:
            self.model.add(work <= carer.max_work_minutes).only_enforce_if(*rule(Rule.MAX_WORK, carer.id))
        if carer.target_work_minutes is not None and weights.fairness_minute and circuit.visits:
            excess = self.model.new_int_var(0, cp_model.INT32_MAX, f"too much for {carer.id}")
            self.model.add(excess >= work - carer.target_work_minutes)
            self.costs.append(weights.fairness_minute * excess)
        self.costs.append(weights.travel_minute * circuit.drive)
        self.costs += [preference_cost(problem, carer, problem.tasks[index]) * v for index, v in circuit.visits.items()]

    def _able(self, carer: Carer, index: int, task: Task) -> bool:
        """Whether the carer may do the task and is at work in its hours; what is asked may be asked of everybody."""
        if task.id in self.asked:
            return True
        if self.routes is not None and self.asked:
            return task.id in self.routes.get(carer.id, ())
        if may_serve(carer, task):
            return False
        earliest, last = self.span(index)
        spans = [(shift.opens_minutes, shift.closes_minutes) for shift in carer.shifts[:-1]]
        spans.append((carer.shifts[-1].opens_minutes, latest(carer)))
        return any(max(opens, earliest) <= min(closes - task.duration_minutes, last) for opens, closes in spans)

    def _match(self, carer: Carer, task: Task, visit: cp_model.IntVar) -> None:
        """What speaks against this carer for a task that is asked about, rule by rule."""
        if task.id not in self.asked:
            return
        for code in against(carer, task):
            self.model.add(visit == 0).only_enforce_if(*self.rule(code, task.id))

    def _follows(self, carer: Carer, origin: int, destination: int, drive: int) -> bool:
        """Whether the clock allows an arc at all; with rules that may be given up, any arc."""
        if self.asked:
            return True
        if origin == DEPOT:
            return carer.shifts[0].opens_minutes + drive <= self.span(destination)[1]
        ready = self.span(origin)[0] + self._duration(origin) + drive
        return ready <= (latest(carer) if destination == DEPOT else self.span(destination)[1])

    def _times(self, carer: Carer, circuit: Circuit) -> None:
        clock = Clock(self.model, carer, circuit.used, self.horizon, lambda code: self.rule(code, carer.id))
        self.clocks[carer.id] = clock
        moments = {
            index: clock.at(visit, self.starts[index], self._duration(index)) for index, visit in circuit.visits.items()
        }
        for (origin, destination), arc in circuit.arcs.items():
            left: Expression = clock.leave if origin == DEPOT else moments[origin] + self._duration(origin)
            arrived = clock.home if destination == DEPOT else moments[destination]
            first, last = self._place(origin, carer.start_place), self._place(destination, carer.end_place)
            drive = self.drive(carer.mode, first, last) % UNREACHABLE
            self.model.add(arrived >= left + drive).only_enforce_if(arc)
            if origin != DEPOT and drive + self._duration(origin) == 0:  # no work between: one work clock, two moments
                then = clock.finish if destination == DEPOT else self.starts[destination]
                self.model.add(then >= self.starts[origin]).only_enforce_if(arc)
        close, weight = carer.shifts[-1].closes_minutes, self.problem.weights.overtime_minute
        if carer.max_overtime_minutes and weight and close < self.horizon:
            over = self.model.new_int_var(0, self.horizon, f"overtime {carer.id}")
            self.model.add(over >= clock.finish - close).only_enforce_if(circuit.used)
            self.costs.append(weight * over)

    def _duration(self, index: int) -> int:
        return self.problem.tasks[index].duration_minutes

    def _place(self, node: int, depot: str) -> str:
        return depot if node == DEPOT else self.problem.tasks[node].place

    def _loads(self, carer: Carer, circuit: Circuit) -> None:
        loads = {index: self.problem.tasks[index].load for index in circuit.visits}
        if not any(loads.values()):
            return
        up, down = sum(max(0, load) for load in loads.values()), sum(min(0, load) for load in loads.values())
        carried = {index: self.model.new_int_var(down, up, f"carried {carer.id} {index}") for index in loads}
        for (origin, destination), arc in circuit.arcs.items():
            if destination != DEPOT:
                before = carried[origin] if origin != DEPOT else 0
                self.model.add(carried[destination] == before + loads[destination]).only_enforce_if(arc)
        most = up if carer.capacity is None else min(up, carer.capacity)
        for index, visit in circuit.visits.items():
            inside = self.model.add_linear_constraint(carried[index], 0, most)
            inside.only_enforce_if(visit, *self.rule(Rule.LOAD, carer.id))
        self.carried[carer.id] = carried

    def _round(self, vehicle: Vehicle, index: int) -> None:
        window, setup, tasks = vehicle.rounds[index], vehicle.setup_minutes, self.problem.tasks

        def follows(origin: int, destination: int, drive: int) -> bool:
            depot = DEPOT in (origin, destination)
            return depot or self.span(origin)[0] + drive <= self.span(destination)[1]

        wanting = [number for number, task in enumerate(tasks) if task.vehicle_kind == vehicle.kind]
        name = f"{vehicle.id}#{index}"
        circuit = self._circuit(name, wanting, (vehicle.mode, vehicle.place, vehicle.place), follows)
        self.rounds[name] = circuit
        for (origin, destination), arc in circuit.arcs.items():
            left: Expression = window.opens_minutes
            if origin != DEPOT:
                left = self.starts[origin] + self._duration(origin)
            first, last = self._place(origin, vehicle.place), self._place(destination, vehicle.place)
            there = left + self.drive(vehicle.mode, first, last) % UNREACHABLE
            due = window.closes_minutes if destination == DEPOT else self.starts[destination] - setup
            self.model.add(there <= due).only_enforce_if(arc)
        if vehicle.visits_per_round is not None:
            self.model.add(cp_model.LinearExpr.sum(list(circuit.visits.values())) <= vehicle.visits_per_round)
        self.costs.append(self.problem.weights.travel_minute * circuit.drive)


def against(carer: Carer, task: Task) -> list[Rule]:
    """The rules on who may do a task that this carer does not meet."""
    listed = task.allowed_carers is None or carer.id in task.allowed_carers
    found = {
        Rule.SKILL: not task.skills <= carer.skills,
        Rule.CARER_LIST: carer.id in task.banned_carers or not listed,
        Rule.SEX: task.sex_is_hard and task.sex not in ("", carer.sex),
        Rule.PIN_CARER: task.pinned_carer not in (None, carer.id),
    }
    return [rule for rule, broken in found.items() if broken]


def horizon(problem: Problem) -> int:
    """A moment by which everything can be over in some cheapest plan: all openings passed, then all work in one row.

    Cost never falls when a start is moved later, so some cheapest plan has earliest starts; each of those is an opening
    plus a chain of services, drives, gaps, set-ups and breaks, none of which stands in the chain twice.
    """
    windows: list[Window] = [window for task in problem.tasks for window in task.windows]
    windows += [window for carer in problem.carers for window in carer.shifts]
    windows += [rest.window for carer in problem.carers for rest in carer.breaks]
    windows += [window for vehicle in problem.vehicles for window in vehicle.rounds]
    last = max((window.opens_minutes for window in windows), default=0)
    last = max([last, *(task.pinned_start_minutes or 0 for task in problem.tasks)])
    drives = [int(matrix[matrix < UNREACHABLE].max(initial=0)) for matrix in problem.matrices.values()]
    setup = max((vehicle.setup_minutes for vehicle in problem.vehicles), default=0)
    each = max(drives, default=0) + setup
    gaps = sum(max(0, link.min_gap_minutes, -(link.max_gap_minutes or 0)) for link in problem.links)
    rests = sum(rest.duration_minutes for carer in problem.carers for rest in carer.breaks)
    return last + gaps + rests + each + sum(task.duration_minutes + each for task in problem.tasks)
