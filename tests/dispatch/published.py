"""Small instances in the published HHCRSP format, and their score recomputed from the words of the format."""

from typing import Any

import numpy as np


def instance(patients: int, carers: int, seed: int, *, italian: bool = False) -> dict[str, Any]:
    """A random instance; three in ten patients are served by two, at once or in sequence."""
    random = np.random.default_rng(seed)
    spots = random.uniform(0, 60, (patients + 1, 2))
    ways = np.linalg.norm(spots[:, None] - spots[None], axis=2)
    distances = np.rint(ways).astype(int).tolist() if italian else np.round(ways, 3).tolist()
    document: dict[str, Any] = {
        "patients": [_patient(random, number) for number in range(patients)],
        "services": [{"id": f"s{kind}", "default_duration": 15.0} for kind in range(1, 5)],
        "caregivers": [{"id": f"c{c}", "abilities": ["s1", "s2"] if c % 2 else ["s3", "s4"]} for c in range(carers)],
        "central_offices": [{"id": "d", "location": [0.0, 0.0]}],
        "distances": distances,
    }
    return {"name": "nowhere", "area": [0, 0, 1, 1], **document} if italian else document


def _patient(random: np.random.Generator, number: int) -> dict[str, Any]:
    opens = float(random.integers(0, 400))
    patient: dict[str, Any] = {"id": f"p{number}", "location": [0.0, 0.0], "time_window": [opens, opens + 120.0]}
    if number % 10 < 7:
        patient["required_caregivers"] = [{"service": f"s{random.integers(1, 5)}", "duration": 10.5}]
        return patient
    patient["required_caregivers"] = [{"service": "s1"}, {"service": "s4", "duration": 20.0}]
    sync: dict[str, Any] = {"type": "simultaneous"}
    if number % 10 == 9:
        sync = {"type": "sequential", "distance": [15, 45]}
    patient["synchronization"] = sync
    return patient


def score(document: dict[str, Any], solution: dict[str, Any]) -> tuple[float, list[str]]:
    """Objective and broken rules: every leg, the lateness of every service and the greatest, by three."""
    index = {patient["id"]: number for number, patient in enumerate(document["patients"])}
    skills = {carer["id"]: carer["abilities"] for carer in document["caregivers"]}
    starts: dict[tuple[str, str], float] = {}
    distance, wrong = 0.0, []
    for route in solution["routes"]:
        here, free = 0, 0.0
        for stop in route["locations"]:
            there = index[stop["patient"]] + 1
            way = document["distances"][here][there]
            distance += way
            if stop["arrival_time"] < free + way - 0.002 or stop["service"] not in skills[route["caregiver_id"]]:
                wrong.append(f"{stop}")
            starts[stop["patient"], stop["service"]] = stop["arrival_time"]
            here, free = there, stop["departure_time"]
        distance += document["distances"][here][0]
    late = []
    for patient in document["patients"]:
        opens, closes = patient["time_window"]
        times = [starts[patient["id"], need["service"]] for need in patient["required_caregivers"]]
        late += [max(0.0, start - closes) for start in times]
        least, most = patient.get("synchronization", {}).get("distance", (0, 0))
        gap = times[-1] - times[0]
        if min(times) < opens - 0.002 or not (len(times) == 1 or least - 0.002 <= gap <= most + 0.002):
            wrong.append(patient["id"])
    return (distance + sum(late) + max(late)) / 3, wrong
