"""`./run bench hhcrsp`: the published home care instances against the best published values.

Every plan comes from ``python -m dispatch solve`` as anyone would call it, one process per instance, budget and seed,
and is scored by `dispatch.benchmark.scorer`, which shares nothing with the planner. The plans are kept in the published
format, one archive for all, so that anyone can score them again: ``--plans ARCHIVE --score-only``.

The instances are not part of this tree. ``--instances DIR`` (or the environment's ``HHCRSP_INSTANCES``) is a folder of
their JSON files with a ``best_known.csv`` of the columns set, instance, patients, cost.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from dispatch.benchmark.report import Row, compare, markdown, replace_between, write_json
from dispatch.benchmark.scorer import Document, score

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "benchmarks.md"
UNIT = "objective in minutes"
GROUPS: tuple[tuple[str, Callable[[int], bool]], ...] = (
    ("up to 10 patients", lambda patients: patients <= 10),
    ("25 to 75 patients", lambda patients: 10 < patients < 100),
    ("100 patients and more", lambda patients: patients >= 100),
)


@dataclass(frozen=True, slots=True)
class Instance:
    """A published instance with the best value known for it, in minutes."""

    name: str
    family: str
    patients: int
    best_known: float
    path: Path


@dataclass(frozen=True, slots=True)
class Run:
    """One call of the planner."""

    instance: Instance
    seconds: float
    seed: int

    @property
    def file(self) -> str:
        """Name of the plan."""
        return f"{self.instance.path.stem}-{self.seconds:g}s-seed{self.seed}.json"


@dataclass(frozen=True, slots=True)
class Result:
    """A scored plan; ``gap`` is cost / best known - 1. A plan that breaks a rule is no result, it is an error."""

    run: Run
    cost: float
    cpu_seconds: float
    proved_optimal: bool

    @property
    def gap(self) -> float:
        """Negative: better than the best published value."""
        return self.cost / self.run.instance.best_known - 1


class BenchError(SystemExit):
    """A benchmark that cannot go on; its text says why and what to do."""


def read_instances(folder: Path) -> list[Instance]:
    """The instances of a folder that its ``best_known.csv`` names, small ones first."""
    table = folder / "best_known.csv"
    if not table.exists():
        raise BenchError(f"{table} is missing. Give --instances a folder of HHCRSP instances with best_known.csv.")
    with table.open(encoding="utf-8", newline="") as file:
        found = [
            Instance(line["instance"], line["set"], int(line["patients"]), float(line["cost"]), path)
            for line in csv.DictReader(file)
            if (path := folder / line["instance"]).exists()
        ]
    if not found:
        raise BenchError(f"{table} names no file that is in its folder. Put the instances beside it.")
    return sorted(found, key=lambda instance: (instance.patients, instance.name))


def solve(run: Run, folder: Path) -> Path:
    """Call the planner's command line; the plan's file, with a ``run`` entry that says how it was made."""
    path = folder / run.file
    command: list[object] = [sys.executable, "-m", "dispatch", "solve", run.instance.path, "--seconds", run.seconds]
    command += ["--seed", run.seed, "--workers", 1, "--out", path]
    process = subprocess.Popen([str(word) for word in command], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise BenchError(f"The planner ended with {process.returncode} on {run.instance.path} (see above).")
    plan = json.loads(path.read_text(encoding="utf-8"))
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    plan["run"] = (lines[-1] if lines else {}) | {"process_cpu_seconds": round(usage.ru_utime + usage.ru_stime, 2)}
    path.write_text(json.dumps(plan, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    return path


def judge(run: Run, instance: Document, plan: Document) -> Result:
    """Score a plan.

    Raises
    ------
    BenchError
        With the broken rules: such a plan has no place in a table.
    """
    scored = score(instance, plan)
    if scored.errors:
        raise BenchError(f"{run.file} breaks rules: {'; '.join(scored.errors[:5])}")
    told = plan.get("run", {})
    return Result(run, scored.cost, float(told.get("cpu_seconds", 0.0)), bool(told.get("proved_optimal", False)))


def read_json(path: Path) -> Any:
    """Parse a file."""
    return json.loads(path.read_text(encoding="utf-8"))


def perform(runs: Sequence[Run], folder: Path, at_once: int) -> list[Result]:
    """Solve what the folder does not hold yet, score everything; says each result as it comes."""
    missing = [run for run in runs if not (folder / run.file).exists()]

    def one(run: Run) -> None:
        solve(run, folder)
        result = judge(run, read_json(run.instance.path), read_json(folder / run.file))
        print(f"· {run.file}: {result.cost:.3f} ({percent(result.gap)})", flush=True)

    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(one, missing))
    return [judge(run, read_json(run.instance.path), read_json(folder / run.file)) for run in runs]


def pack(runs: Iterable[Run], folder: Path, archive: Path) -> None:
    """Put the plans into one archive (.tar.xz) that is the same whenever the plans are."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "w:xz", preset=9) as tar:
        for run in sorted(runs, key=lambda run: run.file):
            data = (folder / run.file).read_bytes()
            entry = tarfile.TarInfo(run.file)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))


def unpack(archive: Path, folder: Path) -> None:
    """The plans of an archive, as files of a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as tar:
        for member in tar:
            found = tar.extractfile(member)  # None for anything but a file; names are cut to their last part
            if found is not None:
                (folder / Path(member.name).name).write_bytes(found.read())


def mean_gaps(results: Iterable[Result]) -> dict[tuple[Instance, float], float]:
    """Mean gap over seeds by instance and budget."""
    gaps: dict[tuple[Instance, float], list[float]] = {}
    for result in results:
        gaps.setdefault((result.run.instance, result.run.seconds), []).append(result.gap)
    return {key: fmean(values) for key, values in gaps.items()}


def group_rows(results: Sequence[Result]) -> list[Row]:
    """Mean gap and worst instance by group of sizes and budget; ``ours`` is 1 + gap."""
    result, gaps = [], mean_gaps(results)
    for seconds in sorted({seconds for _, seconds in gaps}):
        for name, belongs in GROUPS:
            chosen = [gap for (at, budget), gap in gaps.items() if budget == seconds and belongs(at.patients)]
            if chosen:
                label = f"{name}, {seconds:g} s"
                for word, gap in (("mean over instances", fmean(chosen)), ("worst instance", max(chosen))):
                    ours = round(1 + gap, 6)
                    result.append(compare(f"{label}: {word}", ours, "best known", 1.0, "cost / best known"))
    return result


def rows(results: Sequence[Result]) -> list[Row]:
    """Every run against the best known value, then the groups."""
    single = [
        compare(result.run.file.removesuffix(".json"), round(result.cost, 3), "best known",
                result.run.instance.best_known, UNIT)
        for result in results
    ]  # fmt: skip
    return single + group_rows(results)


def percent(gap: float) -> str:
    """A gap as people read it; what rounds to nothing has no sign."""
    return f"{gap:+.2%}" if round(gap, 4) else "0.00%"


def group_table(results: Sequence[Result]) -> str:
    """One line per group and budget."""
    gaps, lines = mean_gaps(results), []
    for name, belongs in GROUPS:
        for seconds in sorted({seconds for _, seconds in gaps}):
            chosen = {at: gap for (at, budget), gap in gaps.items() if budget == seconds and belongs(at.patients)}
            if chosen:
                worst = max(chosen, key=lambda at: chosen[at])
                better = sum(gap < -5e-6 for gap in chosen.values())
                proved = {r.run.instance for r in results if r.proved_optimal and r.run.seconds == seconds}
                gap_cells = [percent(gap) for gap in (fmean(chosen.values()), min(chosen.values()), chosen[worst])]
                counts = [better, len(proved & chosen.keys())]
                lines.append([name, f"{seconds:g}", len(chosen), *gap_cells, worst.path.stem, *counts])
    head = ["group", "CPU s", "instances", "mean gap", "best", "worst", "worst instance", "below best known", "proved"]
    return markdown(head, lines)


def instance_table(results: Sequence[Result]) -> str:
    """One line per instance: the best known value; per budget the seeds run, mean and best over them, the mean gap."""
    budgets = sorted({result.run.seconds for result in results})
    by_instance: dict[Instance, list[Result]] = {}
    for result in results:
        by_instance.setdefault(result.run.instance, []).append(result)
    lines = []
    for instance, found in by_instance.items():
        line: list[object] = [instance.path.stem, f"{instance.best_known:.2f}"]
        for seconds in budgets:
            costs = [result.cost for result in found if result.run.seconds == seconds]
            if not costs:
                line += ["", "", "", ""]
                continue
            gap = fmean(costs) / instance.best_known - 1
            line += [len(costs), f"{fmean(costs):.2f}", f"{min(costs):.2f}", percent(gap)]
        lines.append(line)
    head = ["instance", "best known"]
    for seconds in budgets:
        head += [f"runs {seconds:g} s", f"mean {seconds:g} s", f"best {seconds:g} s", f"gap {seconds:g} s"]
    return markdown(head, lines)


def main(arguments: Sequence[str]) -> int:
    """Solve, score and report what the options ask for."""
    options = _parser().parse_args(arguments)
    if not options.instances:
        raise BenchError("Where are the instances? Give --instances DIR or set HHCRSP_INSTANCES.")
    instances = [i for i in read_instances(options.instances) if options.only in i.name]
    runs = [Run(instance, s, seed) for instance in instances for s in options.seconds for seed in options.seeds]
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.out or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        if options.score_only:
            unpack(options.plans, folder)
            runs = [run for run in runs if (folder / run.file).exists()]
        results = perform(runs, folder, options.jobs)
        if options.plans and not options.score_only:
            pack(runs, folder, options.plans)
    text = f"{group_table(results)}\n\n{instance_table(results)}"
    print(text)
    if options.json:
        write_json(options.json, "hhcrsp", rows(results))
    if options.page:
        replace_between(PAGE, "hhcrsp", text)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./run bench hhcrsp", description=__doc__)
    default = os.environ.get("HHCRSP_INSTANCES")
    parser.add_argument("--instances", type=Path, default=Path(default) if default else None, help="folder")
    parser.add_argument("--only", default="", help="only instances whose name contains this")
    parser.add_argument("--seconds", type=float, nargs="+", default=[10.0, 60.0], help="CPU seconds per run")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--jobs", type=int, default=1, help="runs at once")
    parser.add_argument("--out", type=Path, help="folder for the plans; those it holds already are not made again")
    parser.add_argument("--plans", type=Path, help="archive of all plans (.tar.xz), written after the runs")
    parser.add_argument("--score-only", action="store_true", help="solve nothing: score the plans of --plans again")
    parser.add_argument("--json", type=Path, help="write the rows there")
    parser.add_argument("--page", action="store_true", help="put the tables into docs/benchmarks.md")
    return parser
