"""`python -m dispatch solve|check|warm`: the planner from the command line."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dispatch.files import parsed, problem_from_json, read_plan, write_plan
from dispatch.hhcrsp import is_hhcrsp, objective, problem_from_hhcrsp, solution
from dispatch.model import Limits, NotExpressible, Plan, Problem, ProblemError
from dispatch.search import warm
from dispatch.search.compile import forget_old
from dispatch.solve import solve


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 where it worked, 1 where a checked plan breaks a rule, 2 on input that cannot be used."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except ProblemError as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
    except NotExpressible as error:
        print(f"--engine {options.engine}: {error} Choose another engine.", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dispatch", description="Plan a day of home care.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("solve", help="plan a problem file (own JSON or a published HHCRSP instance)")
    command.add_argument("file", type=Path)
    command.add_argument("--out", type=Path, required=True, help="where the plan goes")
    command.add_argument("--seconds", type=_positive(float), default=10.0, help="CPU seconds per worker")
    command.add_argument("--steps", type=_positive(int), help="moves per worker instead of seconds; repeats exactly")
    command.add_argument("--seed", type=_seed, default=0)
    command.add_argument("--workers", type=_positive(int), default=1)
    command.add_argument("--engine", choices=("auto", "search", "exact", "routing"), default="auto")
    command.set_defaults(run=_solve)
    command = commands.add_parser("check", help="name every hard rule that a plan breaks")
    command.add_argument("file", type=Path)
    command.add_argument("plan", type=Path)
    command.set_defaults(run=_check)
    command = commands.add_parser("warm", help="compile the kernels once, into the cache on disk")
    command.set_defaults(run=_warm)
    return parser


def _seed(text: str) -> int:
    value = int(text)
    if not 0 <= value < 2**31:
        raise argparse.ArgumentTypeError(f"{text} is not from 0 to {2**31 - 1}")
    return value


def _positive(kind: type[int] | type[float]) -> Any:
    def read(text: str) -> int | float:
        value = kind(text)
        if not 0 < value < 1e15:
            raise argparse.ArgumentTypeError(f"{text} is not above 0")
        return value

    return read


def _solve(options: argparse.Namespace) -> int:
    document: Any = parsed(options.file)
    published = is_hhcrsp(document)
    problem = _problem(document, options.file)
    limits = Limits(options.seconds, options.steps, options.workers)
    plan = solve(problem, limits, options.seed, options.engine)
    _write(problem, document if published else None, plan, options.out)
    print(json.dumps(_summary(plan, published), ensure_ascii=False))
    return 0


def _problem(document: Any, path: Path) -> Problem:
    if is_hhcrsp(document):
        return problem_from_hhcrsp(document, path.name)
    return problem_from_json(document)


def _write(problem: Problem, published: Mapping[str, Any] | None, plan: Plan, path: Path) -> None:
    if published is None:
        write_plan(plan, path)
        return
    text = json.dumps(solution(problem, published, plan), ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def _summary(plan: Plan, published: bool) -> dict[str, Any]:
    summary: dict[str, Any] = {
        "engine": plan.engine,
        "seed": plan.seed,
        "cost": plan.cost.total,
        "unserved": len(plan.unserved),
        "steps": plan.steps,
        "cpu_seconds": round(plan.cpu_seconds, 3),
        "lower_bound": plan.lower_bound,
        "proved_optimal": plan.proved_optimal,
    }
    if published and not plan.unserved:
        summary["objective"] = round(objective(plan), 3)
    return summary


def _check(options: argparse.Namespace) -> int:
    from dispatch.check import check, price

    problem = _problem(parsed(options.file), options.file)
    plan = read_plan(options.plan)
    violations = check(problem, plan)
    for violation in violations:
        print(f"{violation.code} {violation.task} {violation.carer}: {violation.text}")
    print(f"cost {price(problem, plan).total}, {len(violations)} violations")
    return 1 if violations else 0


def _warm(_options: argparse.Namespace) -> int:
    forget_old()
    warm()
    return 0


if __name__ == "__main__":
    sys.exit(main())
