"""Names of tasks, locks, and what changed between two plans. Pure.

A visit is one or two tasks of the planner: `vis_…` for one carer, `vis_….1` and `vis_….2` for a crew, and for a meal
`vis_….fetch` at the kitchen before `vis_…` at the door.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

FETCH = ".fetch"


def visit_of(task_id: str) -> str:
    """The visit that a task belongs to."""
    return task_id.partition(".")[0]


def crew_tasks(visit_id: str, crew_size: int) -> tuple[str, ...]:
    """The tasks at the door, one for each of the crew."""
    if crew_size == 1:
        return (visit_id,)
    return tuple(f"{visit_id}.{number}" for number in range(1, crew_size + 1))


@dataclass(frozen=True)
class Placed:
    """One task on somebody's route: who, from when to when (minutes of the day)."""

    carer: str
    starts: int
    ends: int


Places = Mapping[str, Placed]  # task → where it is


@dataclass(frozen=True)
class Locks:
    """What the planner must leave alone.

    Parameters
    ----------
    visits
        Who and when stay: task → (carer, start minute).
    pairs
        Who stays, the time may change: task → carer.
    carers
        Whose whole day stays as it is.
    """

    visits: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    pairs: Mapping[str, str] = field(default_factory=dict)
    carers: frozenset[str] = frozenset()

    def to_json(self) -> dict[str, Any]:
        """As kept with the plan."""
        return {
            "visits": {task: list(where) for task, where in sorted(self.visits.items())},
            "pairs": dict(sorted(self.pairs.items())),
            "carers": sorted(self.carers),
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Locks":
        """From what was kept; nothing kept is no lock."""
        visits = {task: (str(where[0]), int(where[1])) for task, where in kept.get("visits", {}).items()}
        return cls(visits, dict(kept.get("pairs", {})), frozenset(kept.get("carers", ())))

    def without_task(self, task_ids: Iterable[str]) -> "Locks":
        """The locks when some tasks are free again."""
        free = set(task_ids)
        return Locks(
            {task: where for task, where in self.visits.items() if task not in free},
            {task: carer for task, carer in self.pairs.items() if task not in free},
            self.carers,
        )

    def holds(self, task_id: str, places: Places) -> bool:
        """Whether a task may not be moved by hand without taking the lock off first."""
        placed = places.get(task_id)
        return task_id in self.visits or (placed is not None and placed.carer in self.carers)


@dataclass(frozen=True)
class Step:
    """How one task differs between two plans: `moved` to somebody else, `later`/`earlier`, `placed`, `left_out`.

    One that came in between and has nobody is `waiting`.
    """

    task_id: str
    kind: str
    before: Placed | None
    after: Placed | None


def differences(before: Places, after: Places) -> list[Step]:
    """What changed from one plan to another, by task; what stayed is not named."""
    steps = []
    for task_id in sorted(set(before) | set(after)):
        old, new = before.get(task_id), after.get(task_id)
        kind = _kind_of_step(old, new)
        if kind:
            steps.append(Step(task_id, kind, old, new))
    return steps


def _kind_of_step(old: Placed | None, new: Placed | None) -> str:
    if old is None or new is None:
        return "" if old is new else "placed" if old is None else "left_out"
    if old.carer != new.carer:
        return "moved"
    return "" if old.starts == new.starts else "later" if new.starts > old.starts else "earlier"


def told_apart(names: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """What to call each of several people: of somebody's names, the shortest first, the first that nobody else bears.

    Where all are borne by others too, the last.
    """
    bearers = Counter(name for own in names.values() for name in own)
    return {who: next((name for name in own if bearers[name] == 1), own[-1]) for who, own in names.items()}
