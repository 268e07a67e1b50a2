"""Cells: a path, a number of clients, some seconds; clients are processes of their own and start together."""

import multiprocessing as mp
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import BrokenBarrierError
from typing import Any

from ledger_bench import machine, workload

FOREIGN_LIMIT = 0.25  # cores used by others, above which a cell is measured again
TRIES = 3
WARM_UP = 100


@dataclass(frozen=True)
class Cell:
    """What one path did with some clients."""

    path: str
    clients: int
    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float  # processor time a transfer, clients and server together
    foreign: float  # cores that others used meanwhile
    refused: int


@dataclass(frozen=True)
class Job:
    """What the clients of a cell are told."""

    path: str
    url: str
    pool: str
    members: int
    seconds: float


Found = tuple[int, int, float, list[float], float]  # posted, refused, seconds, seconds of each, processor seconds


def _client(job: Job, seed: int, barrier: Any, results: Any) -> None:
    try:
        results.put(_measured(job, seed, barrier))
    except Exception as error:  # else the one who waits for this client would wait for good
        barrier.abort()
        results.put(error)
        raise


def _measured(job: Job, seed: int, barrier: Any) -> Found:
    post = workload.PATHS[job.path](job.url)
    steps = workload.steps(seed, members=job.members, pool=job.pool)
    for _ in range(WARM_UP):
        post(next(steps))
    barrier.wait()
    took, refused = [], 0
    processor = time.process_time()
    begin = now = time.perf_counter()
    end = begin + job.seconds
    while now < end:
        if not post(next(steps)):
            refused += 1
        after = time.perf_counter()
        took.append(after - now)
        now = after
    return len(took) - refused, refused, now - begin, took, time.process_time() - processor


def _found(results: Any) -> Found:
    result = results.get()
    if isinstance(result, Exception):
        raise RuntimeError("a client of a cell failed") from result
    return result  # type: ignore[no-any-return]


def run(job: Job, clients: int, *, seed: int, server_pid: int) -> Cell:
    """Measure one cell once."""
    context = mp.get_context("fork")
    barrier, results = context.Barrier(clients + 1), context.Queue()
    told = [(job, seed * 100 + number, barrier, results) for number in range(clients)]
    workers = [context.Process(target=_client, args=arguments, daemon=True) for arguments in told]
    for worker in workers:
        worker.start()
    with suppress(BrokenBarrierError):
        barrier.wait()
    before = machine.used(server_pid)
    found = [_found(results) for _ in workers]
    after = machine.used(server_pid)
    for worker in workers:
        worker.join()
    took = sorted(second for _, _, _, part, _ in found for second in part)
    done = sum(part[0] for part in found)
    clients_seconds = sum(part[4] for part in found)
    return Cell(
        path=job.path,
        clients=clients,
        per_second=sum(count / seconds for count, _, seconds, *_ in found),
        p50_ms=took[len(took) // 2] * 1000,
        p99_ms=took[len(took) * 99 // 100] * 1000,
        cpu_us=(after.own_seconds - before.own_seconds + clients_seconds) / max(done, 1) * 1e6,
        foreign=machine.foreign_cores(before, after, clients_seconds=clients_seconds),
        refused=sum(part[1] for part in found),
    )


def run_quietly(job: Job, clients: int, *, seed: int, server_pid: int) -> Cell:
    """Measure a cell again while others use the machine, a bounded number of times; the quietest counts."""
    tried: list[Cell] = []
    for attempt in range(TRIES):
        tried.append(run(job, clients, seed=seed * 10 + attempt, server_pid=server_pid))
        if tried[-1].foreign <= FOREIGN_LIMIT:
            break
    return min(tried, key=lambda cell: cell.foreign)


def best_of(repeat: int, work: Callable[[], float]) -> float:
    """The median of a few measurements."""
    took: Sequence[float] = sorted(work() for _ in range(repeat))
    return took[len(took) // 2]


def seconds_of(work: Callable[[], Any]) -> float:
    """How long something takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin
