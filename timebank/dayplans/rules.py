"""Names of tasks, locks, and what changed between two plans. Pure.

A visit is one or two tasks of the planner: `vis_…` for one carer, `vis_….1` and `vis_….2` for a crew, and for a meal
`vis_….fetch` at the kitchen before `vis_…` at the door.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
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

    def with_whom(self) -> set[str]:
        """Everybody with whom something is locked."""
        return {where[0] for where in self.visits.values()} | set(self.pairs.values()) | self.carers

    def without_carers(self, carer_ids: Collection[str]) -> "Locks":
        """The locks when whatever was locked with some carers is free again."""
        return Locks(
            {task: where for task, where in self.visits.items() if where[0] not in carer_ids},
            {task: carer for task, carer in self.pairs.items() if carer not in carer_ids},
            self.carers - frozenset(carer_ids),
        )

    def holds(self, task_id: str, places: Places) -> bool:
        """Whether a task is with whom it is because of a lock."""
        placed = places.get(task_id)
        return task_id in self.visits or task_id in self.pairs or (placed is not None and placed.carer in self.carers)

    def forbids(self, task_id: str, carer: str | None, places: Places) -> bool:
        """Whether a task may not go to a carer (None: be taken out) by hand without taking a lock off first."""
        stays = task_id in self.visits or self.pairs.get(task_id, carer) != carer
        placed = places.get(task_id)
        return stays or carer in self.carers or (placed is not None and placed.carer in self.carers)

    def pushed(self, before: Places, after: Places) -> set[str]:
        """The tasks whose time is locked and was kept before a change, and is another one after it."""
        timed = set(self.visits) | {task for task, one in before.items() if one.carer in self.carers}
        return {
            task
            for task in timed
            if _where(before.get(task)) == self.visits.get(task, _where(before.get(task))) != _where(after.get(task))
        }

    def carried(self, known: Collection[str], before: Places, after: Places) -> tuple["Locks", frozenset[str]]:
        """The locks of one plan as they hold in another, and the tasks and carers that could not be kept.

        `known` are the tasks that the day still has: the lock of one that is gone is gone with it, and is not missed.
        """
        visits = {task: where for task, where in self.visits.items() if _where(after.get(task)) == where}
        pairs = {task: who for task, who in self.pairs.items() if task in after and after[task].carer == who}
        carers = frozenset(one for one in self.carers if _day_of(one, known, before) == _day_of(one, known, after))
        missed = ({*self.visits, *self.pairs} - {*visits, *pairs}) & set(known)
        return Locks(visits, pairs, carers), frozenset(missed | (self.carers - carers))


def _where(placed: Placed | None) -> tuple[str, int] | None:
    return (placed.carer, placed.starts) if placed else None


def _day_of(carer: str, known: Collection[str], places: Places) -> dict[str, int]:
    return {task: one.starts for task, one in places.items() if one.carer == carer and task in known}


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
