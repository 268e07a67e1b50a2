"""Reading emergencies, always within the caller's scope: cases, who is on duty, who could go."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from timebank.core import clock, crypto, months
from timebank.core.actors import Scope
from timebank.core.db import in_area
from timebank.core.limits import PAGE_ROWS
from timebank.core.maps import distance_m
from timebank.emergency import rules
from timebank.emergency.models import (
    AskState,
    CaseAsk,
    CaseEntry,
    CaseReport,
    DutyChange,
    DutyShift,
    EmergencyCase,
)
from timebank.emergency.rules import Candidate, OnDuty, Patience
from timebank.mutual.queries import paired_helpers, volunteers_in
from timebank.people.models import DayOff, Household, Person, PersonState
from timebank.people.queries import people_by_id, place_of, valid_qualifications
from timebank.policies.queries import in_force
from timebank.volunteers.queries import may_do

ADULT = 18
WAITING = (AskState.ASKED, AskState.SILENT, AskState.COMING)
_KEPT_DAYS = 31


def words_of(sealed: str) -> str:
    """What was said, as it was said."""
    return str(crypto.vault().open(sealed)) if sealed else ""


def case_for(session: Session, scope: Scope, emergency_id: str) -> EmergencyCase | None:
    """The case if an office sees its area."""
    case = session.get(EmergencyCase, emergency_id)
    return case if case and scope.person_ids is None and scope.holds_area(case.area_code) else None


def open_case_of(session: Session, elder_id: str) -> EmergencyCase | None:
    """The open case of an elder, held so that nobody closes it meanwhile; there is at most one."""
    found = select(EmergencyCase).where(EmergencyCase.elder_id == elder_id, col(EmergencyCase.closed_at).is_(None))
    return session.exec(found.order_by(col(EmergencyCase.opened_at)).with_for_update()).first()


def open_cases(session: Session, area_code: str) -> list[tuple[EmergencyCase, Person]]:
    """The open cases of an area with their elders: nobody there first, then the oldest."""
    found = (
        select(EmergencyCase, Person)
        .where(in_area(col(EmergencyCase.area_code), area_code), col(EmergencyCase.closed_at).is_(None))
        .where(Person.id == EmergencyCase.elder_id)
        .order_by(col(EmergencyCase.opened_at))
    )
    rows = [(case, elder) for case, elder in session.exec(found)]
    return sorted(rows, key=lambda row: row[0].there_at is not None)


def closed_cases(session: Session, area_code: str) -> list[tuple[EmergencyCase, Person, CaseReport]]:
    """One page of the closed cases of an area, the latest first."""
    found = (
        select(EmergencyCase, Person, CaseReport)
        .where(in_area(col(EmergencyCase.area_code), area_code), CaseReport.case_id == EmergencyCase.id)
        .where(Person.id == EmergencyCase.elder_id)
        .order_by(col(EmergencyCase.closed_at).desc())
        .limit(PAGE_ROWS)
    )
    return [(case, elder, report) for case, elder, report in session.exec(found)]


def count_open(session: Session, area_code: str, *, level: int = 0) -> int:
    """How many open cases of an area were carried to a level or beyond."""
    found = select(sa.func.count()).where(
        in_area(col(EmergencyCase.area_code), area_code),
        col(EmergencyCase.closed_at).is_(None),
        EmergencyCase.level >= level,
    )
    return int(session.exec(found).one())


def report_of(session: Session, case_id: str) -> CaseReport | None:
    """The closing report of a case."""
    return session.get(CaseReport, case_id)


def entries_of(session: Session, case_id: str) -> list[CaseEntry]:
    """The log of a case in order."""
    found = select(CaseEntry).where(CaseEntry.case_id == case_id)
    return list(session.exec(found.order_by(col(CaseEntry.place), col(CaseEntry.id))))


def helpers_of(session: Session, case_ids: Iterable[str]) -> dict[str, list[tuple[CaseAsk, Person]]]:
    """Who was asked to go, by case, in the order of asking."""
    found = (
        select(CaseAsk, Person)
        .where(col(CaseAsk.case_id).in_(set(case_ids)), Person.id == CaseAsk.person_id)
        .order_by(col(CaseAsk.place))
    )
    asked: dict[str, list[tuple[CaseAsk, Person]]] = {}
    for helper, person in session.exec(found):
        asked.setdefault(helper.case_id, []).append((helper, person))
    return asked


@dataclass(frozen=True)
class Ask:
    """What somebody who was asked to go must know: the case, their part, whose door, who else."""

    helper: CaseAsk
    case: EmergencyCase
    elder: Person
    household: Household
    others: tuple[tuple[CaseAsk, Person], ...]


def asks_of(session: Session, person_id: str) -> list[Ask]:
    """The open cases to which somebody was asked, unless they said no or are not needed any more."""
    found = session.exec(
        select(CaseAsk, EmergencyCase, Person, Household)
        .where(CaseAsk.case_id == EmergencyCase.id, Person.id == EmergencyCase.elder_id)
        .where(Household.code == Person.household_code, col(EmergencyCase.closed_at).is_(None))
        .where(CaseAsk.person_id == person_id, col(CaseAsk.state).in_([*WAITING, AskState.THERE]))
        .order_by(col(EmergencyCase.opened_at))
    ).all()
    everybody = helpers_of(session, [case.id for _, case, _, _ in found])
    return [
        Ask(helper, case, elder, household, tuple(row for row in everybody[case.id] if row[1].id != person_id))
        for helper, case, elder, household in found
    ]


def shifts_in(session: Session, area_codes: Iterable[str], on: date) -> list[DutyShift]:
    """The shifts of some areas that are in force around a day, in the order of the week."""
    found = select(DutyShift).where(
        col(DutyShift.area_code).in_(set(area_codes)),
        DutyShift.starts_on <= on,
        sa.or_(col(DutyShift.ends_on).is_(None), col(DutyShift.ends_on) >= on - timedelta(days=1)),
    )
    return list(session.exec(found.order_by(col(DutyShift.weekday), col(DutyShift.from_minute), col(DutyShift.id))))


def changes_of(
    session: Session, shifts: Iterable[DutyShift], first_on: date, last_on: date
) -> dict[tuple[str, date], str | None]:
    """The exceptions to shifts that begin from a day to a day: (shift, day) → who takes it, None for nobody."""
    found = select(DutyChange).where(
        col(DutyChange.shift_id).in_({shift.id for shift in shifts}),
        DutyChange.on >= first_on,
        DutyChange.on <= last_on,
    )
    return {(change.shift_id, change.on): change.instead_id for change in session.exec(found)}


def shift_for(session: Session, scope: Scope, shift_id: str) -> DutyShift | None:
    """The shift if an office sees its area."""
    shift = session.get(DutyShift, shift_id)
    return shift if shift and scope.person_ids is None and scope.holds_area(shift.area_code) else None


def on_duty_at(session: Session, area_code: str, at: datetime) -> list[tuple[OnDuty, Person]]:
    """Who is on duty for a place at an instant and not ill or away: of its village first, then of its township."""
    on = clock.local_date(at)
    shifts = shifts_in(session, {area_code[:12], area_code[:9]}, on)
    changes = changes_of(session, shifts, on - timedelta(days=1), on)
    found = rules.on_duty(shifts, changes, on=on, minute=clock.minute_of_day(at))
    people = people_by_id(session, [one.person_id for one in found])
    here = {person_id: person for person_id, person in people.items() if person.state == PersonState.ACTIVE}
    return [(one, here[one.person_id]) for one in found if one.person_id in here]


def patience_for(session: Session, area_code: str, on: date) -> Patience:
    """How long a case of an area waits, by the rules in force."""
    policy = in_force(session, area_code, on)
    return Patience(
        ask_at_once=policy.number("emergency.ask_at_once"),
        next_after=policy.number("emergency.next_after_minutes"),
        come_within=policy.number("emergency.come_within_minutes"),
        most_asked=policy.number("emergency.most_asked"),
        levels_after=tuple(policy.number(f"emergency.{level}_after_minutes") for level in ("township", "bureau")),
    )


def who_could_go(session: Session, case: EmergencyCase, at: datetime) -> list[Candidate]:
    """Who could go to a case, in the order of asking, without those who were asked before.

    Able is who is on duty, or an active adult volunteer of the township who may do visits today and has no day off,
    and who is not at another open case. Nobody is asked to their own door.
    """
    elder = session.get_one(Person, case.elder_id)
    door = place_of(session.get_one(Household, elder.household_code))
    duty = {person.id: person for _, person in on_duty_at(session, case.area_code, at)}
    busy = _busy(session, case.id)
    able = _able(session, case.area_code[:9], clock.local_date(at)) | duty
    people = {one: person for one, person in able.items() if one not in busy and one != elder.id}
    doors = _places(session, people.values())
    skill = rules.WANTED_SKILL.get(case.kind, "")
    papers = valid_qualifications(session, people, clock.local_date(at))
    paired = paired_helpers(session, [elder.id], clock.local_date(at)).get(elder.id, frozenset())
    policy = in_force(session, case.area_code, clock.local_date(at))
    return rules.in_order(
        (
            Candidate(
                person_id=person.id,
                distance_m=round(distance_m(*door, *doors[person.household_code])),
                is_on_duty=person.id in duty,
                has_skill=skill in papers.get(person.id, ()),
                is_paired=person.id in paired,
            )
            for person in people.values()
        ),
        within_m=policy.number("emergency.within_m"),
        skill_worth_m=policy.number("emergency.skill_worth_m"),
    )


def _able(session: Session, township: str, on: date) -> dict[str, Person]:
    off = set(session.exec(select(DayOff.person_id).where(DayOff.on == on)))
    people = [
        person
        for person in volunteers_in(session, township)
        if person.id not in off and months.age_on(person.born_on, on) >= ADULT
    ]
    allowed = may_do(session, people, on)
    return {person.id: person for person in people if "visit" in allowed[person.id]}


def _busy(session: Session, case_id: str) -> set[str]:
    """Who was asked to this case already, or is on the way to or at another open one."""
    found = (
        select(CaseAsk.person_id)
        .join(EmergencyCase, col(EmergencyCase.id) == CaseAsk.case_id)
        .where(
            sa.or_(
                col(CaseAsk.case_id) == case_id,
                sa.and_(
                    col(EmergencyCase.closed_at).is_(None),
                    col(CaseAsk.state).in_([AskState.COMING, AskState.THERE]),
                ),
            )
        )
    )
    return set(session.exec(found))


def _places(session: Session, people: Iterable[Person]) -> Mapping[str, tuple[float, float]]:
    codes = {person.household_code for person in people}
    found = session.exec(select(Household).where(col(Household.code).in_(codes)))
    return {household.code: place_of(household) for household in found}


def elders_of_door(session: Session, household_code: str) -> list[Person]:
    """The registered elders of a home who live there: who is at home first, the oldest of them before the others."""
    at_home = col(Person.state) == PersonState.ACTIVE
    found = select(Person).where(
        Person.household_code == household_code,
        col(Person.elder_since_on).is_not(None),
        col(Person.state).in_([PersonState.ACTIVE, PersonState.AWAY, PersonState.HOSPITAL]),
    )
    return list(session.exec(found.order_by(at_home.desc(), col(Person.born_on), col(Person.id))))


def card_code(household_code: str) -> str:
    """The sign on a home's emergency card that shows that somebody stands before it: from the vault's key."""
    return crypto.vault().fingerprint(f"emergency card {household_code}")[:16]


def cases_of_mine(session: Session, person_ids: Iterable[str]) -> list[tuple[EmergencyCase, Person]]:
    """The open cases of elders that somebody stands for, and those closed within the last weeks; newest first."""
    since = clock.now() - timedelta(days=_KEPT_DAYS)
    found = (
        select(EmergencyCase, Person)
        .where(col(EmergencyCase.elder_id).in_(set(person_ids)), Person.id == EmergencyCase.elder_id)
        .where(sa.or_(col(EmergencyCase.closed_at).is_(None), col(EmergencyCase.closed_at) >= since))
        .order_by(col(EmergencyCase.opened_at).desc())
    )
    return [(case, elder) for case, elder in session.exec(found)]
