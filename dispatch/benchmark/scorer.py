"""An independent score of plans in the published HHCRSP format, from the two JSON documents alone.

Objective: (distance + total tardiness + greatest tardiness) / 3, in the instance's minutes. Routes leave from and
return to the office (row 0 of the matrix), the way back counts, an unused caregiver costs nothing, waiting is free. A
service may not start before its patient's window opens; it is tardy by its start minus the closing, each of two
services for itself. Simultaneous services start together; sequential ones with a gap, start to start, in the order of
``required_caregivers``. One caregiver never gives both services of a patient. (Mankowska, Meisel and Bierwirth 2014;
format of Ceschia, Di Gaspero and Schaerf.)

Nothing of the planner is used here, so that a mistake there cannot hide here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

TOLERANCE = 0.002
"""Minutes; plans and distances carry three decimals."""

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Score:
    """Cost of a plan, its parts in minutes, and every broken rule in words; feasible where ``errors`` is empty."""

    cost: float
    distance: float
    total_tardiness: float
    greatest_tardiness: float
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Service:
    """One service of one patient as a plan gives it."""

    caregiver: str
    patient: int
    number: int
    start: float


def score(instance: Document, solution: Document) -> Score:
    """Score a plan.

    Parameters
    ----------
    instance
        The published instance as parsed JSON.
    solution
        ``{"routes": [{"caregiver_id", "locations": [{"patient", "service", "arrival_time", "departure_time"}]}]}``,
        where ``arrival_time`` is the start of the service.
    """
    errors: list[str] = []
    services: list[_Service] = []
    distance = 0.0
    names = [str(route["caregiver_id"]) for route in solution["routes"]]
    errors += [f"caregiver {name} has two routes" for name in sorted(set(names)) if names.count(name) > 1]
    for route in solution["routes"]:
        distance += _route(instance, route, services, errors)
    late = [max(0.0, service.start - _window(instance, service)[1]) for service in services]
    for patient in range(len(instance["patients"])):
        errors += _patient(instance, patient, [service for service in services if service.patient == patient])
    total, greatest = sum(late), max(late, default=0.0)
    return Score((distance + total + greatest) / 3, distance, total, greatest, tuple(errors))


def _route(instance: Document, route: Document, services: list[_Service], errors: list[str]) -> float:
    """Walk one route: append its services and errors, return its distance."""
    matrix, patients = instance["distances"], [patient["id"] for patient in instance["patients"]]
    abilities = {carer["id"]: set(carer["abilities"]) for carer in instance["caregivers"]}
    name = route["caregiver_id"]
    if name not in abilities:
        errors.append(f"caregiver {name} is unknown")
        return 0.0
    free, here, distance = 0.0, 0, 0.0
    for stop in route["locations"]:
        patient = patients.index(stop["patient"])
        start, leg = float(stop["arrival_time"]), float(matrix[here][patient + 1])
        service = _Service(name, patient, _number(instance, patient, stop["service"], services), start)
        services.append(service)
        here, distance = patient + 1, distance + leg
        errors += _stop(instance, service, stop, free + leg, abilities[name])
        free = float(stop["departure_time"])
    return distance + float(matrix[here][0]) if here else 0.0


def _number(instance: Document, patient: int, kind: str, services: list[_Service]) -> int:
    """Which of the patient's services of this kind comes next; -1 where none is asked (any more)."""
    given = {service.number for service in services if service.patient == patient}
    needs = instance["patients"][patient]["required_caregivers"]
    return next((i for i, need in enumerate(needs) if need["service"] == kind and i not in given), -1)


def _stop(instance: Document, service: _Service, stop: Document, earliest: float, abilities: set[str]) -> Iterator[str]:
    patient = instance["patients"][service.patient]
    where = f"patient {patient['id']}, {stop['service']}"
    if service.number < 0:
        yield f"{where}: not asked for, or given twice"
        return
    if stop["service"] not in abilities:
        yield f"{where}: caregiver {service.caregiver} is not able to"
    defaults = {entry["id"]: entry["default_duration"] for entry in instance["services"]}
    asked = patient["required_caregivers"][service.number].get("duration", defaults[stop["service"]])
    if abs(float(stop["departure_time"]) - service.start - asked) > TOLERANCE:
        yield f"{where}: takes {float(stop['departure_time']) - service.start:.3f} minutes and not {asked}"
    if service.start < earliest - TOLERANCE:
        yield f"{where}: starts at {service.start:.3f}, cannot be there before {earliest:.3f}"
    if service.start < _window(instance, service)[0] - TOLERANCE:
        yield f"{where}: starts at {service.start:.3f}, before the window"


def _window(instance: Document, service: _Service) -> tuple[float, float]:
    opens, closes = instance["patients"][service.patient]["time_window"]
    return float(opens), float(closes)


def _patient(instance: Document, patient: int, services: list[_Service]) -> Iterator[str]:
    """What is missing at one patient, and how its two services stand to each other."""
    entry = instance["patients"][patient]
    given = {service.number: service for service in services if service.number >= 0}
    needs = len(entry["required_caregivers"])
    if len(given) < needs:
        yield f"patient {entry['id']}: {needs - len(given)} services are missing"
    elif needs == 2:
        first, second = given[0], given[1]
        sync = entry["synchronization"]
        least, most = (0, 0) if sync["type"] == "simultaneous" else sync["distance"]
        gap = second.start - first.start
        if not least - TOLERANCE <= gap <= most + TOLERANCE:
            yield f"patient {entry['id']}: the second starts {gap:.3f} minutes after the first, not {least} to {most}"
        if first.caregiver == second.caregiver:
            yield f"patient {entry['id']}: one caregiver gives both services"
