"""`./run bench rural`: our planner beside PyVRP, VROOM and OR-Tools routing on the same rural days and CPU seconds.

Every run is a process of its own. Every plan, theirs and ours, is checked and priced by `dispatch.check`; a plan that
breaks a rule counts as no plan. On days with linked visits, where none of them has an answer, ours stands beside the
greedy plan and a proven lower bound.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from statistics import median

import dispatch
from dispatch.benchmark import peers, speed
from dispatch.benchmark.report import Row, compare, markdown, replace_between, write_json
from dispatch.benchmark.rural import generate, name_of
from dispatch.bound import lower_bound
from dispatch.check import check, price
from dispatch.greedy import greedy
from dispatch.model import Limits, Plan, Problem

OURS = "ours"
UNIT = "cost in minutes of driving"
SEEDLESS = ("vroom", "ortools", "greedy", "bound")
"""What gives the same answer whatever the seed: run once a day."""

DEFAULT_SIZES = (50, 150, 300, 600)
PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"


@dataclass(frozen=True, slots=True)
class Run:
    """One planner on one day: who, how long, with which seed."""

    visits: int
    number: int
    short_staffed: bool
    sync: bool
    planner: str
    seconds: float
    seed: int

    @property
    def day(self) -> str:
        """Name of the day."""
        return name_of(self.visits, self.number, short_staffed=self.short_staffed, sync=self.sync)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run gave: checked cost (``None``: no plan that keeps the rules), tasks served, CPU seconds used."""

    cost: int | None
    served: int
    cpu_seconds: float
    engine: str
    broken: str = ""


def perform(run: Run) -> Outcome:
    """Run one planner in this process and judge its plan."""
    problem = generate(run.visits, run.number, short_staffed=run.short_staffed, sync=run.sync).problem
    if run.planner == "bound":
        return _bound(problem, run.seconds)
    began = time.process_time()
    try:
        plan = _planner(run.planner)(problem, run.seconds, run.seed)
    except Exception as error:  # one planner that fails has no plan; the comparison goes on and says so
        return Outcome(None, 0, time.process_time() - began, run.planner, f"failed: {error!r}")
    spent = time.process_time() - began
    broken = check(problem, plan)
    if broken:
        return Outcome(None, 0, spent, plan.engine, broken[0].text)
    return Outcome(price(problem, plan).total, len(problem.tasks) - len(plan.unserved), spent, plan.engine)


def _planner(name: str) -> Callable[[Problem, float, int], Plan]:
    ours: dict[str, Callable[[Problem, float, int], Plan]] = {
        OURS: lambda problem, seconds, seed: dispatch.solve(problem, Limits(seconds), seed, "search"),
        "greedy": lambda problem, seconds, seed: greedy(problem),
    }
    return (ours | peers.PEERS)[name]


def _bound(problem: Problem, seconds: float) -> Outcome:
    began = time.process_time()
    return Outcome(lower_bound(problem, seconds), 0, time.process_time() - began, "bound", "no bound is known")


@dataclass(frozen=True, slots=True)
class Shelf:
    """A folder of finished runs, so that a long comparison can be taken up again. Ours are kept per planner version."""

    folder: Path | None

    def find(self, run: Run) -> Outcome | None:
        """The kept outcome of a run, or ``None``."""
        path = self._path(run)
        return Outcome(**json.loads(path.read_text(encoding="utf-8"))) if path and path.exists() else None

    def keep(self, run: Run, outcome: Outcome) -> None:
        """Keep an outcome."""
        path = self._path(run)
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(asdict(outcome)) + "\n", encoding="utf-8")

    def _path(self, run: Run) -> Path | None:
        version = f"-{_version()}" if run.planner in (OURS, "greedy", "bound") else ""
        name = f"{run.day}-{run.planner}-{run.seconds:g}s-{run.seed}{version}.json"
        return self.folder / name if self.folder else None


@cache
def _version() -> str:
    """Digest of the planner's own sources."""
    total = hashlib.sha256()
    folder = Path(dispatch.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        if "benchmark" not in path.parts:
            total.update(path.read_bytes())
    return total.hexdigest()[:12]


def outcomes(runs: Sequence[Run], shelf: Shelf, at_once: int) -> dict[Run, Outcome]:
    """Outcomes of all runs, each missing one in a process of its own; says each as it ends."""
    done = {run: found for run in runs if (found := shelf.find(run))}
    left = [run for run in runs if run not in done]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(at_once, mp_context=context, max_tasks_per_child=1) as pool:
        for run, outcome in zip(left, pool.map(perform, left), strict=True):
            done[run] = outcome
            shelf.keep(run, outcome)
            said = f"{outcome.cost} · {outcome.served} served" if outcome.cost is not None else outcome.broken
            print(f"· {run.day} {run.planner} {run.seconds:g} s seed {run.seed}: {said}", flush=True)
    return done


def plan_runs(options: argparse.Namespace) -> list[Run]:
    """All runs that the options ask for."""
    runs = []
    for visits in options.sizes:
        for number in options.numbers:
            for short_staffed in (False, True):
                runs += list(_day_runs(options, visits, number, short_staffed, sync=False))
                runs += list(_day_runs(options, visits, number, short_staffed, sync=True)) if options.sync else []
    return runs


def _day_runs(options: argparse.Namespace, visits: int, number: int, short_staffed: bool, sync: bool) -> Iterator[Run]:
    others = ("greedy", "bound") if sync else tuple(options.peers)
    for planner in (OURS, *others):
        for seconds in options.seconds:
            for seed in options.seeds[:1] if planner in SEEDLESS else options.seeds:
                yield Run(visits, number, short_staffed, sync, planner, seconds, seed)


@dataclass(frozen=True, slots=True)
class Case:
    """One day at one budget: our outcomes by seed, and the others' outcomes by planner and seed."""

    day: str
    short_staffed: bool
    sync: bool
    seconds: float
    ours: dict[int, Outcome]
    others: dict[str, dict[int, Outcome]]

    def peer(self, name: str, seed: int) -> Outcome:
        """A peer's outcome for a seed, the only one where it has no seeds."""
        found = self.others[name]
        return found.get(seed, next(iter(found.values())))

    def best_peer(self, seed: int) -> Outcome | None:
        """The cheapest plan of the peers for a seed; ``None`` where none has one."""
        found = [outcome for name in self.others if (outcome := self.peer(name, seed)).cost is not None]
        return min(found, key=_cost) if found and not self.sync else None

    def ratios(self) -> list[float]:
        """Ours against the best of the peers, per seed."""
        pairs = [(self.ours[seed], self.best_peer(seed)) for seed in self.ours]
        return [_cost(mine) / _cost(best) for mine, best in pairs if best and mine.cost is not None and best.cost]


def _cost(outcome: Outcome) -> float:
    return float("inf") if outcome.cost is None else outcome.cost


def cases(done: Mapping[Run, Outcome]) -> list[Case]:
    """Outcomes put together by day and budget."""
    found: dict[tuple[str, float], Case] = {}
    for run, outcome in done.items():
        empty = Case(run.day, run.short_staffed, run.sync, run.seconds, {}, {})
        case = found.setdefault((run.day, run.seconds), empty)
        by_seed = case.ours if run.planner == OURS else case.others.setdefault(run.planner, {})
        by_seed[run.seed] = outcome
    return list(found.values())


def rows(found: Iterable[Case]) -> list[Row]:
    """Machine rows: every seed against every other planner and against the best of the three, then the summary."""
    result = []
    for case in found:
        for seed, mine in case.ours.items():
            label = f"{case.day} {case.seconds:g} s seed {seed}"
            for name in case.others:
                result.append(compare(label, _cost(mine), name, case.peer(name, seed).cost, UNIT))
            best = case.best_peer(seed)
            if best:
                result.append(compare(label, _cost(mine), "best of three", best.cost, UNIT))
                result.append(compare(label, mine.served, "best of three", best.served, "visits served"))
    return result + summary(found)


def summary(found: Iterable[Case]) -> list[Row]:
    """Medians of the ratios by staffing and budget, the days on which fewer are served, the best of short runs."""
    result = []
    plain = [case for case in found if not case.sync]
    for seconds in sorted({case.seconds for case in plain}):
        for short_staffed, word in ((False, "well-staffed"), (True, "short-staffed")):
            chosen = [case for case in plain if (case.seconds, case.short_staffed) == (seconds, short_staffed)]
            ratios = [ratio for case in chosen for ratio in case.ratios()]
            if ratios:
                label = f"median of {len(chosen)} {word} days, {seconds:g} s"
                result.append(compare(label, round(median(ratios), 4), "best of three", 1.0, "ratio"))
                result.append(Row(f"{label}: runs that serve fewer", _fewer(chosen), "best of three", 0, "runs"))
    return result + _best_of_short_runs(plain)


def _fewer(chosen: Iterable[Case]) -> int:
    """In how many runs the best peer's plan serves more visits than ours."""
    pairs = [(case.ours[seed], case.best_peer(seed)) for case in chosen for seed in case.ours]
    return sum(mine.served < best.served for mine, best in pairs if best)


def _best_of_short_runs(plain: Sequence[Case]) -> list[Row]:
    """Per day: the best of our seeds at the smallest budget against the best plan that anyone found at any."""
    shortest = min((case.seconds for case in plain), default=0.0)
    result = []
    for case in plain:
        if case.seconds == shortest and len(case.ours) > 1:
            everyone = [
                _cost(outcome)
                for other in plain
                if other.day == case.day
                for outcome in (*other.ours.values(), *(o for found in other.others.values() for o in found.values()))
            ]
            label = f"{case.day}: best of {len(case.ours)} seeds at {shortest:g} s"
            mine = min(_cost(outcome) for outcome in case.ours.values())
            result.append(compare(label, mine, "best plan of anyone", min(everyone), UNIT))
    return result


def plain_table(found: Iterable[Case], names: Sequence[str]) -> str:
    """Days without links: the median cost over seeds (served) of everyone, and the ratio to the best of the three."""
    lines = [
        [
            case.day,
            f"{case.seconds:g}",
            _cell(case.ours.values()),
            *(_cell(case.others[name].values()) for name in names if name in case.others),
            f"{median(ratios):.3f}" if (ratios := case.ratios()) else "–",
        ]
        for case in found
        if not case.sync
    ]
    return markdown(["day", "CPU s", "ours", *names, "ratio to the best of three"], lines)


def sync_table(found: Iterable[Case]) -> str:
    """Days with links: ours, the greedy plan and the proven bound."""
    lines = []
    for case in found:
        if case.sync:
            greedy, bound = case.others["greedy"].values(), case.others["bound"].values()
            lines.append([case.day, f"{case.seconds:g}", _cell(case.ours.values()), _cell(greedy), _cell(bound)])
    return markdown(["day with linked visits", "CPU s", "ours", "greedy plan", "lower bound"], lines)


def summary_table(found: Iterable[Case]) -> str:
    """The summary rows as a table."""
    lines = [
        [row.case, f"{row.ours:,g}", row.peer, row.value, "" if row.ratio is None else f"{row.ratio:.3f}"]
        for row in summary(found)
    ]
    return markdown(["summary", "ours", "against", "value", "ratio"], lines)


def speed_table(felt: Iterable[Row]) -> str:
    """What a coordinator waits for."""
    lines = [[row.case, f"{row.ours:g}", f"{row.value:g}", row.unit] for row in felt]
    return markdown(["a day of 150 visits, linked ones among them", "measured", "goal", "unit"], lines)


def _cell(outcomes: Iterable[Outcome]) -> str:
    """Median cost, and the tasks served where a plan was made."""
    known = sorted((outcome for outcome in outcomes if outcome.cost is not None), key=_cost)
    if not known:
        return "none"
    middle = known[len(known) // 2]
    return f"{middle.cost:,}" + (f" ({middle.served})" if middle.served else "")


def main(arguments: Sequence[str]) -> int:
    """Run the comparison that the options describe; prints tables, writes rows and the page where asked."""
    options = _parser().parse_args(arguments)
    found = cases(outcomes(plan_runs(options), Shelf(options.keep), options.jobs))
    tables = [plain_table(found, options.peers), summary_table(found)]
    tables += [sync_table(found)] if options.sync else []
    felt = speed.measure() if options.speed else []
    tables += [speed_table(felt)] if felt else []
    text = "\n\n".join(tables)
    print(text)
    if options.json:
        write_json(options.json, "rural", rows(found) + felt)
    if options.page:
        replace_between(PAGE, "rural", text)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./run bench rural", description=__doc__)
    parser.add_argument("--seconds", type=float, nargs="+", default=[10.0, 60.0], help="CPU seconds per run")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--sizes", type=int, nargs="+", default=list(DEFAULT_SIZES), help="visits")
    parser.add_argument("--numbers", type=int, nargs="+", default=[1, 2], help="days of each size")
    parser.add_argument("--peers", nargs="*", choices=sorted(peers.PEERS), default=list(peers.PEERS))
    parser.add_argument("--sync", action=argparse.BooleanOptionalAction, default=True, help="days with links, too")
    parser.add_argument("--speed", action=argparse.BooleanOptionalAction, default=True, help="waiting times, too")
    parser.add_argument("--jobs", type=int, default=1, help="runs at once")
    parser.add_argument("--keep", type=Path, help="folder of finished runs: those are not repeated")
    parser.add_argument("--json", type=Path, help="write the rows there")
    parser.add_argument("--page", action="store_true", help="put the tables into docs/benchmarks.md")
    return parser
