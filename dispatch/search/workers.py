"""Several searches at once, each in a process of its own with its own seed; the cheapest plan wins.

Seeds end in different valleys (measured: 1-2 % apart at 10 s), so independent runs pay; a worker that dies takes
nothing with it but its own plan.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from dispatch.model import Limits, Plan, Problem, Progress
from dispatch.search.run import searched, warm

LOOK_SECONDS = 0.05
"""Between two looks at the stop request while no worker has news."""


class WorkersDied(RuntimeError):
    """No worker brought a plan home."""


def search_many(problem: Problem, limits: Limits, seed: int, start: Plan | None = None) -> Plan:
    """As `dispatch.search.run.search`, in ``limits.workers`` processes with the seeds ``seed``, ``seed + 1``, ...

    Raises
    ------
    WorkersDied
        Where every process ended without a plan (out of memory, killed).
    """
    context = multiprocessing.get_context("spawn")
    halt = context.Event()
    ends: dict[Connection, BaseProcess] = {}
    for number in range(limits.workers):
        ours, theirs = context.Pipe(duplex=False)
        own = Limits(limits.seconds, limits.steps)
        process = context.Process(target=_work, args=(problem, own, seed + number, start, theirs, halt), daemon=True)
        process.start()
        theirs.close()
        ends[ours] = process
    plans = _gather(ends, limits, halt.set)
    if not plans:
        raise WorkersDied("no worker of the search brought a plan home")
    best = min(plans, key=lambda plan: (plan.cost.total, plan.seed))
    return replace(best, steps=sum(plan.steps for plan in plans), cpu_seconds=max(plan.cpu_seconds for plan in plans))


def _gather(ends: dict[Connection, BaseProcess], limits: Limits, halt: Callable[[], None]) -> list[Plan]:
    plans: list[Plan] = []
    record: int | None = None
    while ends:
        if limits.stop and limits.stop():
            halt()
        for end in wait(list(ends), LOOK_SECONDS):
            news = _receive(end)  # type: ignore[arg-type]
            if isinstance(news, Progress):
                if limits.on_progress and (record is None or news.cost < record):
                    record = news.cost
                    limits.on_progress(news)
                continue
            if isinstance(news, Plan):
                plans.append(news)
            ends.pop(end).join()  # type: ignore[call-overload]
    return plans


def _receive(end: Connection) -> Any:
    """A message, or nothing where the worker is gone."""
    try:
        return end.recv()
    except (EOFError, OSError):  # gone, or gone in the middle of a message
        return None


def _work(problem: Problem, limits: Limits, seed: int, start: Plan | None, end: Connection, halt: Any) -> None:
    """One process: tell progress, then the plan."""
    warm()
    own = replace(limits, on_progress=end.send, stop=halt.is_set)
    end.send(searched(problem, own, seed, start))
    end.close()
