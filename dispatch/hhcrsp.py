"""The published benchmark format of home care days (HHCRSP), read and written.

Instances are the JSON files of Ceschia, Di Gaspero and Schaerf: the Mankowska, Kummer and Italian sets differ only in
descriptive fields. Objective: (distance + total tardiness + greatest tardiness) / 3; see `objective`.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dispatch.model import FOREVER, Carer, Link, Plan, Problem, ProblemError, Task, Weights, Window

UNITS_PER_MINUTE = 1000
"""Distances carry three decimals."""

MUST = 1_000_000_000
"""Cost of leaving out a service, which no published solution may do: more than any tardiness."""

_WEIGHTS = Weights(unserved=(MUST,), travel_minute=1, tardiness_minute=1, worst_tardiness_minute=1)


def is_hhcrsp(document: object) -> bool:
    """Whether a JSON document is a published instance."""
    return isinstance(document, dict) and {"patients", "caregivers", "distances"} <= document.keys()


def problem_from_hhcrsp(document: Mapping[str, Any], name: str = "") -> Problem:
    """The problem of a published instance.

    Parameters
    ----------
    document
        The parsed JSON.
    name
        Of the instance, kept in the problem.

    Returns
    -------
    Problem
        One task ``<patient>/<number>`` per required caregiver, times in thousandths of a minute.

    Raises
    ------
    ProblemError
        With the path of the field that is missing or wrong.
    """
    patients = _entries(document, "patients")
    carers = tuple(_carer(entry, f"caregivers[{i}]") for i, entry in enumerate(_entries(document, "caregivers")))
    _refuse_twins([carer.id for carer in carers], "caregivers")
    _refuse_twins([_text(entry, "id", f"patients[{i}]") for i, entry in enumerate(patients)], "patients")
    durations = {
        _text(entry, "id", f"services[{i}]"): entry.get("default_duration")
        for i, entry in enumerate(_entries(document, "services"))
    }
    tasks: list[Task] = []
    links: list[Link] = []
    for index, patient in enumerate(patients):
        found = _tasks(patient, f"patients[{index}]", durations)
        tasks += found
        links += _links(patient, f"patients[{index}]", found)
    places = ("", *(str(patient["id"]) for patient in patients))
    matrices = {"default": _matrix(document, len(places))}
    return Problem(places, matrices, carers, tuple(tasks), tuple(links), (), _WEIGHTS, UNITS_PER_MINUTE, name)


def objective(plan: Plan) -> float:
    """The published objective of a plan, in minutes; infinite where something is left out."""
    cost = plan.cost
    if plan.unserved:
        return float("inf")
    return (cost.travel + cost.tardiness + cost.worst_tardiness) / 3 / UNITS_PER_MINUTE


def solution(problem: Problem, document: Mapping[str, Any], plan: Plan) -> dict[str, Any]:
    """The plan in the published solution format; ``arrival_time`` is the start of the service, as there."""
    services = {str(p["id"]): [str(c["service"]) for c in p["required_caregivers"]] for p in document["patients"]}
    routes = []
    for route in plan.routes:
        locations = []
        for stop in route.stops:
            patient, number = stop.task.rsplit("/", 1)
            locations.append(
                {
                    "patient": patient,
                    "service": services[patient][int(number)],
                    "arrival_time": stop.start_minutes / UNITS_PER_MINUTE,
                    "departure_time": stop.end_minutes / UNITS_PER_MINUTE,
                }
            )
        routes.append({"caregiver_id": route.carer, "locations": locations})
    cost = None if plan.unserved else round(objective(plan), 3)
    return {"instance": problem.name, "cost": cost, "routes": routes}


def read_hhcrsp(path: Path) -> tuple[Problem, Mapping[str, Any]]:
    """Problem and parsed document of an instance file."""
    document = json.loads(path.read_text(encoding="utf-8"))
    return problem_from_hhcrsp(document, path.name), document


def _carer(entry: Mapping[str, Any], path: str) -> Carer:
    skills = entry.get("abilities")
    if not isinstance(skills, list):
        raise ProblemError(f"{path}.abilities", "is not a list", "List the services this caregiver gives.")
    return Carer(_text(entry, "id", path), "", "", skills=frozenset(str(skill) for skill in skills))


def _tasks(patient: Mapping[str, Any], path: str, durations: Mapping[str, Any]) -> list[Task]:
    opens, closes = _pair(patient, "time_window", path)
    if closes < opens:
        raise ProblemError(f"{path}.time_window", f"closes at {closes} before it opens at {opens}", "Swap them.")
    name = _text(patient, "id", path)
    found = []
    for number, need in enumerate(_entries(patient, "required_caregivers", path + ".")):
        here = f"{path}.required_caregivers[{number}]"
        service = _text(need, "service", here)
        duration = _ticks(need.get("duration", durations.get(service)), f"{here}.duration")
        window = (Window(opens, FOREVER),)
        found.append(Task(f"{name}/{number}", name, duration, window, closes, frozenset({service})))
    if len(found) not in (1, 2):
        raise ProblemError(f"{path}.required_caregivers", f"has {len(found)} entries", "Give one or two.")
    return found


def _links(patient: Mapping[str, Any], path: str, tasks: list[Task]) -> Iterator[Link]:
    if len(tasks) == 1:
        return
    sync = patient.get("synchronization")
    kind = sync.get("type") if isinstance(sync, dict) else None
    if kind == "simultaneous":
        yield Link(tasks[0].id, tasks[1].id)
    elif kind == "sequential" and isinstance(sync, dict):
        least, most = _pair(sync, "distance", f"{path}.synchronization")
        if most < least:
            raise ProblemError(f"{path}.synchronization.distance", f"ends before it begins ({least}, {most})", "Swap.")
        yield Link(tasks[0].id, tasks[1].id, least, most)
    else:
        raise ProblemError(f"{path}.synchronization", f"is {sync!r}", "Say simultaneous, or sequential and a distance.")


def _matrix(document: Mapping[str, Any], size: int) -> np.ndarray[Any, np.dtype[np.int32]]:
    rows = document.get("distances")
    if not isinstance(rows, list) or [len(row) for row in rows if isinstance(row, list)] != [size] * size:
        raise ProblemError("distances", f"is not {size} rows of {size}", "Give the office and every patient a row.")
    for index, row in enumerate(rows):
        for column, cell in enumerate(row):
            if type(cell) not in (int, float) or not 0 <= cell < FOREVER // UNITS_PER_MINUTE:
                raise ProblemError(f"distances[{index}][{column}]", f"is {cell!r:.40}", "Give minutes of 0 or more.")
    return np.rint(np.asarray(rows, dtype=np.float64) * UNITS_PER_MINUTE).astype(np.int32)


def _entries(holder: Mapping[str, Any], key: str, prefix: str = "") -> list[Mapping[str, Any]]:
    entries = holder.get(key)
    if not isinstance(entries, list):
        raise ProblemError(f"{prefix}{key}", "is missing or no list", "See the published format.")
    for index, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise ProblemError(f"{prefix}{key}[{index}]", "is no object", "See the published format.")
    return entries


def _pair(holder: Mapping[str, Any], key: str, path: str) -> tuple[int, int]:
    value = holder.get(key)
    if not isinstance(value, list) or len(value) != 2:
        raise ProblemError(f"{path}.{key}", f"is {value!r}", "Give two numbers.")
    return _ticks(value[0], f"{path}.{key}[0]"), _ticks(value[1], f"{path}.{key}[1]")


def _ticks(value: object, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1_000_000:
        raise ProblemError(path, f"is {value!r}", "Give minutes from 0 to 1,000,000.")
    return round(value * UNITS_PER_MINUTE)


def _text(holder: Mapping[str, Any], key: str, path: str) -> str:
    value = holder.get(key)
    if not isinstance(value, str) or not value:
        raise ProblemError(f"{path}.{key}", f"is {value!r}", "Give a name.")
    return value


def _refuse_twins(names: list[str], path: str) -> None:
    for index, name in enumerate(names):
        if name in names[:index]:
            raise ProblemError(f"{path}[{index}].id", f"{name!r} stands twice", "Give every entry its own id.")
