"""Who is on duty, who is asked first, how far a case is carried, when a drill is due. Pure.

Source: 武隆府办发〔2022〕31号 (紧急救援; 养老服务应急救援体系; 每年组织开展2次以上集中演练), field guide §2.5, §3.1.
The waiting times are assumed and stand in the policy (emergency.*).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from timebank.core.errors import BadInput
from timebank.core.text import T, Text
from timebank.emergency.models import (
    AskState,
    CallUpReason,
    CaseEnding,
    CaseKind,
    CaseSource,
    DutyShift,
    EntryKind,
)

KIND_WORDS: dict[str, Text] = {
    CaseKind.FALL: T("fell down"),
    CaseKind.ILL: T("suddenly ill"),
    CaseKind.NO_ANSWER: T("nobody answers"),
    CaseKind.FIRE: T("fire, gas or water"),
    CaseKind.WEATHER: T("storm, flood or landslide"),
    CaseKind.OTHER: T("needs help at once"),
}
SOURCE_WORDS: dict[str, Text] = {
    CaseSource.PHONE: T("from the phone"),
    CaseSource.CARD: T("from the card at the door"),
    CaseSource.CALL: T("by a call"),
    CaseSource.VISIT: T("from a visit"),
}
ASK_WORDS: dict[str, Text] = {
    AskState.ASKED: T("asked, no answer yet"),
    AskState.COMING: T("is on the way"),
    AskState.THERE: T("is there"),
    AskState.CANNOT: T("cannot come"),
    AskState.SILENT: T("did not answer in time"),
    AskState.RELEASED: T("was not needed any more"),
}
ENTRY_WORDS: dict[str, Text] = {
    EntryKind.OPENED: T("The alarm came."),
    EntryKind.ALARM_AGAIN: T("The alarm came again."),
    EntryKind.ASKED: T("was asked to go"),
    EntryKind.COMING: T("is on the way"),
    EntryKind.CANNOT: T("cannot come"),
    EntryKind.SILENT: T("did not answer in time"),
    EntryKind.THERE: T("is there"),
    EntryKind.NOBODY_LEFT: T("There is nobody more to ask nearby."),
    EntryKind.CARRIED_UP: T("The case goes up to:"),
    EntryKind.CALLED_120: T("120 was called."),
    EntryKind.NOTE: T("Note:"),
    EntryKind.CLOSED: T("The case is closed."),
}
ENDING_WORDS: dict[str, Text] = {
    CaseEnding.AT_HOME: T("is well at home"),
    CaseEnding.HOSPITAL: T("was taken to hospital"),
    CaseEnding.WITH_KIN: T("is with family or neighbours"),
    CaseEnding.DIED: T("has died"),
    CaseEnding.FALSE_ALARM: T("nothing had happened"),
    CaseEnding.OTHER: T("something else"),
}
REASON_WORDS: dict[str, Text] = {
    CallUpReason.RAIN: T("heavy rain"),
    CallUpReason.LANDSLIDE: T("landslide"),
    CallUpReason.COLD: T("cold, snow or ice"),
    CallUpReason.HEAT: T("great heat"),
    CallUpReason.SEARCH: T("somebody is missing"),
    CallUpReason.OTHER: T("another reason"),
}
LEVELS: tuple[Text, ...] = (T("village"), T("township"), T("bureau and 120"))
WANTED_SKILL: Mapping[str, str] = {CaseKind.FALL: "vitals", CaseKind.ILL: "vitals"}  # who can measure comes first
DAY_MINUTES = 24 * 60
MOST_SHIFT_MINUTES = 24 * 60


@dataclass(frozen=True)
class OnDuty:
    """A shift that runs, and who holds it today."""

    shift_id: str
    area_code: str
    person_id: str
    until_minute: int  # after midnight of the local day that is asked about


def on_duty(
    shifts: Iterable[DutyShift], changes: Mapping[tuple[str, date], str | None], *, on: date, minute: int
) -> list[OnDuty]:
    """Who is on duty at a minute of a day; a night that began the evening before is still running.

    `changes` says for (shift, day on which it begins) who takes it instead; None: nobody.
    """
    found = []
    for shift in shifts:
        for begun, now in ((on, minute), (on - timedelta(days=1), minute + DAY_MINUTES)):
            if not _runs(shift, begun, now):
                continue
            person_id = changes.get((shift.id, begun), shift.person_id)
            if person_id:
                until = shift.to_minute - (now - minute)
                found.append(OnDuty(shift.id, shift.area_code, person_id, until))
    return sorted(found, key=lambda one: (-len(one.area_code), one.person_id))


def _runs(shift: DutyShift, begun: date, minute: int) -> bool:
    is_its_day = shift.weekday == begun.weekday()
    is_in_force = shift.starts_on <= begun and (shift.ends_on is None or begun <= shift.ends_on)
    return is_its_day and is_in_force and shift.from_minute <= minute < shift.to_minute


def gaps(
    shifts: Collection[DutyShift],
    changes: Mapping[tuple[str, date], str | None],
    on: date,
    *,
    not_here: Collection[str] = (),
) -> list[tuple[int, int]]:
    """The stretches of a day, in minutes after midnight, in which nobody of these shifts is on duty.

    `not_here` are people who are ill or away: they are on no duty, whatever the list says.
    """
    covered = [False] * DAY_MINUTES
    for shift in shifts:
        for begun, back in ((on, 0), (on - timedelta(days=1), DAY_MINUTES)):
            person_id = changes.get((shift.id, begun), shift.person_id)
            if person_id is None or person_id in not_here:
                continue
            start, end = max(0, shift.from_minute - back), min(DAY_MINUTES, shift.to_minute - back)
            if start < end and _runs(shift, begun, start + back):
                covered[start:end] = [True] * (end - start)
    edges = [
        minute
        for minute in range(DAY_MINUTES + 1)
        if (minute < DAY_MINUTES and not covered[minute]) != (minute > 0 and not covered[minute - 1])
    ]
    return list(zip(edges[::2], edges[1::2], strict=True))


def check_shift(weekday: int, from_minute: int, to_minute: int) -> int:
    """The end of a shift, after midnight where it lies before the beginning; refuses nights longer than a day."""
    end = to_minute if to_minute > from_minute else to_minute + DAY_MINUTES
    if not 0 <= weekday <= 6 or not 0 <= from_minute < DAY_MINUTES or end - from_minute > MOST_SHIFT_MINUTES:
        raise BadInput("emergency.bad_shift", T("A shift begins on a weekday and lasts at most a day."), field="to")
    return end


@dataclass(frozen=True)
class Candidate:
    """Somebody who could go: how far, whether on duty, with the wanted training, known to the elder as a pair."""

    person_id: str
    distance_m: int
    is_on_duty: bool = False
    has_skill: bool = False
    is_paired: bool = False


def in_order(candidates: Iterable[Candidate], *, within_m: int, skill_worth_m: int) -> list[Candidate]:
    """Who is asked first: who is on duty, then the nearest; the right training and a known face count as nearer.

    Who is not on duty and lives farther away than `within_m` is left out.
    """

    def felt_m(one: Candidate) -> int:
        return one.distance_m - skill_worth_m * one.has_skill - skill_worth_m * one.is_paired

    near = [one for one in candidates if one.is_on_duty or one.distance_m <= within_m]
    return sorted(near, key=lambda one: (not one.is_on_duty, felt_m(one), one.distance_m, one.person_id))


@dataclass(frozen=True)
class Asked:
    """Somebody who was asked, as far as the next step depends on it."""

    person_id: str
    state: AskState
    asked_at: datetime
    answered_at: datetime | None = None


@dataclass(frozen=True)
class Patience:
    """How long a case waits, in minutes (policy emergency.*)."""

    ask_at_once: int
    next_after: int
    come_within: int
    most_asked: int
    levels_after: tuple[int, ...]  # minutes after which level 1, 2, … is reached


@dataclass(frozen=True)
class NextStep:
    """What the clock does now: who has fallen silent, how many more are asked, how far the case is carried."""

    silent: tuple[str, ...]
    ask: int
    level: int


def next_step(asked: Sequence[Asked], *, opened_at: datetime, now: datetime, patience: Patience) -> NextStep:
    """What is to be done for a case at which nobody is yet.

    While somebody was asked a moment ago, or is on the way and not late, nobody else is asked.
    """
    silent = tuple(
        one.person_id
        for one in asked
        if one.state == AskState.ASKED and now - one.asked_at >= timedelta(minutes=patience.next_after)
    )
    waits = any(one.state == AskState.ASKED and one.person_id not in silent for one in asked)
    comes = any(
        one.state == AskState.COMING
        and now - (one.answered_at or one.asked_at) < timedelta(minutes=patience.come_within)
        for one in asked
    )
    room = max(0, patience.most_asked - len(asked))
    ask = 0 if waits or comes else min(patience.ask_at_once, room)
    waited = (now - opened_at) / timedelta(minutes=1)
    level = sum(waited >= minutes for minutes in patience.levels_after)
    return NextStep(silent, ask, level)


def check_report(
    *,
    words: str,
    ending: CaseEnding,
    opened_at: datetime,
    there_at: datetime | None,
    over_at: datetime,
    who: Collection[str],
    now: datetime,
) -> None:
    """Refuse a report that leaves open what happened, when, or who was there."""
    if len(words.strip()) < 5:
        raise BadInput("emergency.report_words", T("Write down what happened and what was done."), field="words")
    if not opened_at - timedelta(minutes=1) <= over_at <= now + timedelta(minutes=1):
        text = T("It was over after the alarm and before now.")
        raise BadInput("emergency.report_over", text, field="over_at")
    if there_at is not None and not opened_at - timedelta(minutes=1) <= there_at <= over_at:
        text = T("Somebody was there after the alarm and before it was over.")
        raise BadInput("emergency.report_there", text, field="there_at")
    if ending != CaseEnding.FALSE_ALARM and (there_at is None or not who):
        text = T("Write down who was there and since when. Only a false alarm closes without.")
        raise BadInput("emergency.report_who", text, field="who")


@dataclass(frozen=True)
class DrillDue:
    """The next drill of a year: which one, by when, and whether the township is to be reminded or is late."""

    number: int
    due_on: date
    is_near: bool
    is_late: bool


def next_drill(held: Iterable[date], *, on: date, per_year: int, remind_days: int) -> DrillDue | None:
    """The next drill that a township owes in the year of a day; None when it has held them all.

    The year is cut into equal parts and a drill belongs to each (assumed; the plan says two a year or more).
    """
    done = sum(1 for day in held if day.year == on.year)
    if done >= per_year:
        return None
    number = done + 1
    month = 12 * number // per_year
    due_on = (date(on.year, month + 1, 1) if month < 12 else date(on.year + 1, 1, 1)) - timedelta(days=1)
    return DrillDue(number, due_on, on >= due_on - timedelta(days=remind_days), on > due_on)
