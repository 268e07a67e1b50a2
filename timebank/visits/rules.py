"""What makes a visit count: place, code, proof, minutes. Pure.

Sources: field guide §4.8 (grades, fence, forgotten check-out), §2.2 (policy keys).
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from timebank.core.errors import BadInput
from timebank.core.limits import CLOCK_SKEW_FLAG_MINUTES, MAX_VISIT_MINUTES
from timebank.core.maps import distance_m
from timebank.core.minutes import round_down
from timebank.core.text import T
from timebank.visits.models import EventKind, EvidenceGrade, VisitEvent

_TEXT_LIMIT = 2_000
_LATE_HOURS = 72
_FASTEST_M_PER_MINUTE = 1_000  # 60 km/h on a mountain road: nobody is faster door to door
AGAINST_A_BATH = ("contraindication", "ill", "fasting", "alcohol")
BATH_SIGNS = ("heated", "in_van")  # what makes a bath possible in winter


@dataclass(frozen=True)
class Place:
    """Where a phone says it is: WGS-84, and how exact, in metres."""

    lat: float
    lon: float
    accuracy_m: float

    def __post_init__(self) -> None:
        fits = -90 <= self.lat <= 90 and -180 <= self.lon <= 180 and 0 <= self.accuracy_m <= 100_000
        if not fits:  # NaN fits nowhere
            raise BadInput("visits.bad_place", T("The position of the phone cannot be read."), field="place")


@dataclass(frozen=True)
class EventIn:
    """One thing that happened at a visit, as a phone, an assistant or a slip says it."""

    id: str
    visit_id: str
    kind: EventKind
    device_at: datetime
    device_id: str = ""
    counter: int = 0
    place: Place | None = None
    day_code: str | None = None
    card: str | None = None  # what the QR of the door card said
    offset_s: int | None = None  # our clock less the phone's at sending; another each time, so not in the digest
    data: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.device_at.tzinfo is None:
            raise BadInput("visits.no_zone", T("The time of the phone lacks its zone."), field="device_at")
        if len(json.dumps(dict(self.data), ensure_ascii=False)) > _TEXT_LIMIT:
            raise BadInput("visits.note_too_long", T("The note is too long. Keep it to a few sentences."), field="data")

    @property
    def digest(self) -> str:
        """SHA-256 of the content, to tell a repetition from a conflict."""
        place = [self.place.lat, self.place.lon, self.place.accuracy_m] if self.place else None
        content = [
            *(self.visit_id, self.kind.value, self.device_at.isoformat(), self.device_id, self.counter),
            *(place, self.day_code, self.card, dict(self.data)),
        ]
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def plain_code(typed: str) -> str:
    """A day code as it was meant: Chinese keyboards write full-width digits, and people put spaces between."""
    return "".join(unicodedata.normalize("NFKC", typed).split())


def inside_fence(place: Place, door: tuple[float, float], *, fence_m: int) -> bool:
    """The GPS fence: the circle of the phone's uncertainty touches the circle round the door.

    Accuracy counts in the volunteer's favour, because a valley blurs every position (field guide §1.3).
    """
    return distance_m(place.lat, place.lon, *door) - place.accuracy_m <= fence_m


def place_doubt(place: Place, door: tuple[float, float], *, fence_m: int, max_accuracy_m: int) -> str | None:
    """Why a position is no proof of the place: outside, too blurred, or too perfect to be a phone's; None if it is."""
    if not inside_fence(place, door, fence_m=fence_m):
        return "out_of_fence"
    if place.accuracy_m <= 0:
        return "place_too_perfect"
    return "place_inexact" if place.accuracy_m > max_accuracy_m else None


def event_doubts(event: VisitEvent) -> list[str]:
    """What a reviewer should know about one event: a fast clock, a wrong code, an entry that came days later."""
    doubts, offset_s = [], event.data.get("offset_s")
    if is_skewed(event.device_at, event.server_at, offset_s):
        doubts.append("clock_skew")
    if event.data.get("code") in ("wrong", "other_day", "locked"):
        doubts.append("code_mismatch")
    if event.data.get("card") == "other_home":
        doubts.append("other_home")
    if event.server_at - when(event) > timedelta(hours=_LATE_HOURS) and not event.entered_by:
        doubts.append("arrived_late")
    if event.data.get("left"):
        doubts.append("left_said_later")
    return doubts


def starts_bath(kind: EventKind, data: Mapping[str, Any]) -> bool:
    """Whether an event says that the water runs: a tick of the task `bath_start`."""
    return kind == EventKind.TICK and data.get("task") == "bath_start"


def check_vitals(data: Mapping[str, Any]) -> None:
    """Refuse blood pressure, temperatures or signs that no body and no bathroom has."""
    for field_name, (least, most) in VITALS.items():
        value = data.get(field_name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            text = T("Look at this figure again: it goes from {least} to {most}.", least=least, most=most)
            raise BadInput("visits.bad_vitals", text, field=field_name)


VITALS = {
    "systolic": (50, 260),
    "diastolic": (30, 160),
    "pulse": (30, 220),
    "temperature_c": (33, 43),
    "water_c": (20, 50),
    "room_c": (-5, 45),
}


@dataclass(frozen=True)
class Presence:
    """Where a carer was from when to when: one visit of a day."""

    visit_id: str
    door: tuple[float, float]
    from_at: datetime
    to_at: datetime


def movement_doubts(this: Presence, others: Iterable[Presence]) -> list[str]:
    """Two homes at once, or two homes too far apart for the time between (field guide §4.8)."""
    found = set()
    for other in others:
        first, second = (this, other) if this.from_at <= other.from_at else (other, this)
        gap_minutes = (second.from_at - first.to_at).total_seconds() / 60
        metres = distance_m(*first.door, *second.door)
        if gap_minutes < 0 and this.door != other.door:
            found.add("two_homes_at_once")
        elif metres > _FASTEST_M_PER_MINUTE * max(gap_minutes, 0) + 500:
            found.add("impossible_travel")
    return sorted(found)


def is_skewed(device_at: datetime, server_at: datetime, offset_s: int | None = None) -> bool:
    """Whether a phone's clock was wrong beyond the limit. Late arrival is no skew: valleys lack signal.

    `offset_s` is how many seconds our clock was ahead of the phone's when the phone sent; None if it did not say.
    Without it only a clock ahead of ours can be seen.
    """
    limit = timedelta(minutes=CLOCK_SKEW_FLAG_MINUTES)
    return device_at - server_at > limit or (offset_s is not None and abs(timedelta(seconds=offset_s)) > limit)


def happened_at(device_at: datetime, server_at: datetime, offset_s: int | None = None) -> datetime:
    """When an event happened: the phone's time, set right where its clock was wrong, and never after it arrived."""
    if not is_skewed(device_at, server_at, offset_s):
        return device_at
    return min(server_at, device_at + timedelta(seconds=offset_s or 0))


def when(event: VisitEvent) -> datetime:
    """When a kept event happened, by which events of several phones are put in order."""
    return happened_at(event.device_at, event.server_at, event.data.get("offset_s"))


_CLOCK_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


def left_minute(data: Mapping[str, Any]) -> int | None:
    """The minute of the day at which somebody says afterwards that they left; None where they left at that moment.

    Refuses what is no clock time.
    """
    said = data.get("left")
    if said is None:
        return None
    found = _CLOCK_TIME.fullmatch(said) if isinstance(said, str) else None
    if found is None:
        text = T("Write the time as hours and minutes, for example 08:30.")
        raise BadInput("visits.bad_time", text, field="left")
    return int(found[1]) * 60 + int(found[2])


@dataclass(frozen=True)
class Forgotten:
    """A carer who is still signed in: until when that was to be expected, and when to ask whether they left."""

    ends_at: datetime
    asks_at: datetime


def forgotten(
    planned_end: datetime, checked_in_at: datetime, *, planned_minutes: int, tolerance_minutes: int
) -> Forgotten:
    """When to ask a carer who did not sign out: who came late may stay as long as was planned, and a little longer."""
    ends_at = max(planned_end, checked_in_at + timedelta(minutes=planned_minutes))
    return Forgotten(ends_at, ends_at + timedelta(minutes=tolerance_minutes))


def went_back(earlier: datetime, later: datetime) -> bool:
    """Whether of two entries that a phone made in this order the later one bears an earlier time, beyond the limit."""
    return earlier - later > timedelta(minutes=CLOCK_SKEW_FLAG_MINUTES)


def is_round(instant: datetime) -> bool:
    """Whether an instant is a full five minutes to the second, as people write times and clocks hardly show them."""
    return instant.second == 0 and instant.minute % 5 == 0


def grade(*, place_proved: bool, elder_proved: bool, on_paper: bool) -> EvidenceGrade:
    """A two independent proofs (place and elder), B one, C paper or none."""
    if on_paper or not (place_proved or elder_proved):
        return EvidenceGrade.C
    return EvidenceGrade.A if place_proved and elder_proved else EvidenceGrade.B


def minutes_present(
    checked_in_at: datetime | None, checked_out_at: datetime | None, *, planned_minutes: int, tolerance_minutes: int
) -> tuple[int, list[str]]:
    """Minutes of one carer that may be credited without questions, and what is to be looked at.

    A forgotten check-out, or one much later than planned, credits at most planned + tolerance, after review.
    """
    most = planned_minutes + tolerance_minutes
    if checked_in_at is None:
        return 0, ["no_check_in"]
    if checked_out_at is None:
        return most, ["no_check_out"]
    present = int((checked_out_at - checked_in_at).total_seconds() // 60)
    if present < 0:
        return 0, ["out_before_in"]
    return (most, ["longer_than_planned"]) if present > most else (min(present, MAX_VISIT_MINUTES), [])


def credited_minutes(
    present_minutes: int, *, step_minutes: int, left_today: int, left_this_week: int
) -> tuple[int, list[str]]:
    """Minutes that go into the book: rounded down, within what day and week still allow."""
    rounded = round_down(present_minutes, step_minutes)
    allowed = max(0, min(rounded, left_today, left_this_week))
    return allowed, [] if allowed == rounded else ["over_the_cap"]


@dataclass(frozen=True)
class Warmth:
    """How warm water and room must be for a bath, in °C, and whether the winter rule holds on the day."""

    water_c: tuple[int, int]
    room_c: int
    is_winter: bool


def bath_gate_failures(
    vitals: Mapping[str, Any] | None,
    *,
    assessed_days_ago: int | None,
    most_days: int,
    systolic: tuple[int, int],
    present: int,
    needed: int = 2,
    contraindicated: bool = False,
    warmth: Warmth | None = None,
) -> list[str]:
    """Why a bath must not start (field guide §2.5): old assessment, blood pressure, one carer alone, illness, cold."""
    failures = []
    if assessed_days_ago is None:
        failures.append("not_assessed")
    elif assessed_days_ago > most_days:
        failures.append("assessment_too_old")
    pressure = (vitals or {}).get("systolic")
    if not isinstance(pressure, int):
        failures.append("no_blood_pressure")
    elif not systolic[0] <= pressure <= systolic[1]:
        failures.append("blood_pressure")
    if present < needed:
        failures.append("carer_alone")
    if contraindicated or any((vitals or {}).get(sign) for sign in AGAINST_A_BATH):
        failures.append("contraindication")
    return failures + (cold_failures(vitals or {}, warmth) if warmth else [])


def cold_failures(vitals: Mapping[str, Any], warmth: Warmth) -> list[str]:
    """What is not warm enough, or was not measured. In winter the room is heated, or the bath is in the van."""
    failures = []
    water, room = vitals.get("water_c"), vitals.get("room_c")
    if water is None:
        failures.append("no_water_temperature")
    elif not warmth.water_c[0] <= water <= warmth.water_c[1]:
        failures.append("water_temperature")
    if room is None:
        failures.append("no_room_temperature")
    elif room < warmth.room_c:
        failures.append("room_cold")
    if warmth.is_winter and not (vitals.get("heated") or vitals.get("in_van")):
        failures.append("no_heating")
    return failures


def is_winter(month: int, *, first: int, last: int) -> bool:
    """Whether a month (1 to 12) lies in a winter that may go over the turn of the year."""
    return first <= month <= last if first <= last else month >= first or month <= last


def is_sampled(visit_id: str, *, percent: int) -> bool:
    """Whether a visit is drawn for a call-back: by its id, so that nobody can choose and every run agrees."""
    return int(hashlib.sha256(f"sample {visit_id}".encode()).hexdigest()[:8], 16) % 100 < percent


def may_review(
    user_id: str, person_id: str | None, *, carers: Iterable[str], recorded_by: Iterable[str], confirmed_by: str
) -> bool:
    """Nobody earns, records and approves the same hour (promise P9)."""
    return person_id not in set(carers) and user_id not in set(recorded_by) and user_id != confirmed_by
