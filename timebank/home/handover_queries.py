"""What somebody who leaves has begun and nobody ended, and who else works there: one query for each kind.

Nothing in the house hangs on a login alone: whoever holds the role in the area goes on with all of it. The list says
what there is, so that nothing is forgotten on the day of the change (field guide §4.8, staff turnover).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from timebank.areas.models import Area
from timebank.areas.words import area_name
from timebank.assessments.models import Assessment, AssessmentState
from timebank.assessments.queries import OPEN_STATES
from timebank.audit.models import AuditEvent
from timebank.auth.guards import STAFF
from timebank.auth.models import Grant, User
from timebank.auth.queries import login_for
from timebank.beds.models import BedHazard, CareBed
from timebank.core import clock
from timebank.core.actors import Role, Scope
from timebank.core.db import in_area
from timebank.core.limits import PAGE_ROWS
from timebank.core.text import T, Text
from timebank.dayplans.models import DayPlan, DayPlanState
from timebank.emergency.models import AskState, CallUp, CaseAsk, DutyShift, EmergencyCase
from timebank.ledger.models import EntryState, HourAccount, OfficeEntry
from timebank.mutual.models import GroupSession, HelpGroup, SessionState
from timebank.people.models import Person, PersonCase
from timebank.phones.models import Phone, PhoneUser
from timebank.policies.models import PolicyVersion
from timebank.visiting.models import UnreachedCase, UnreachedStep

STAFF_ROLES = (*STAFF, Role.AUDITOR)
TAKEN_OVER = "home.take_over"  # the event of the log


@dataclass(frozen=True)
class Open:
    """One thing that is not ended: whom or what it is about, since when, and where somebody goes on with it."""

    about: str
    since_on: date
    endpoint: str
    arguments: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class InHand:
    """A kind of things and those of somebody."""

    text: Text
    icon: str
    things: list[Open]


def colleague_for(session: Session, scope: Scope, user_id: str) -> User | None:
    """A login of the office all of whose roles lie inside the scope."""
    user = login_for(session, scope, user_id)
    return user if user and _roles_ever(session, user) else None


def _roles_ever(session: Session, user: User) -> list[Grant]:
    """The office roles that a login holds or held, those in force first, then the latest."""
    found = select(Grant).where(Grant.user_id == user.id, col(Grant.role).in_(STAFF_ROLES)).order_by(col(Grant.id))
    today = clock.today()
    return sorted(session.exec(found), key=lambda grant: (not _holds(grant, today), grant.role, grant.area_code))


def _holds(grant: Grant, on: date) -> bool:
    return grant.starts_on <= on and (grant.ends_on is None or grant.ends_on >= on)


def is_here(session: Session, user: User) -> bool:
    """Whether somebody still works in the office today."""
    today = clock.today()
    return user.disabled_at is None and any(_holds(grant, today) for grant in _roles_ever(session, user))


def colleagues(session: Session, scope: Scope, *, words: str = "") -> list[tuple[User, list[Grant]]]:
    """One page of the office's logins in an area with their roles, by name."""
    inside = sa.select(Grant.user_id).where(  # type: ignore[call-overload]
        in_area(col(Grant.area_code), scope.area_code), col(Grant.role).in_(STAFF_ROLES)
    )
    found = select(User).where(col(User.id).in_(inside))
    if words.strip():
        found = found.where(col(User.display_name).contains(words.strip(), autoescape=True))
    users = session.exec(found.order_by(User.display_name, col(User.id)).limit(PAGE_ROWS)).all()
    return [(user, _roles_ever(session, user)) for user in users]


@dataclass(frozen=True)
class Desk:
    """A role in an area, and who else holds it today."""

    role: Role
    area: Area
    others: list[User]


def desks_of(session: Session, user: User) -> list[Desk]:
    """The desks at which somebody works or worked, with who goes on there."""
    today = clock.today()
    seats = dict.fromkeys((grant.role, grant.area_code) for grant in _roles_ever(session, user))
    found = []
    for role, area_code in seats:
        others = (
            select(User)
            .where(col(User.id) == Grant.user_id, col(User.id) != user.id, col(User.disabled_at).is_(None))
            .where(Grant.role == role, Grant.area_code == area_code, Grant.starts_on <= today)
            .where(sa.or_(col(Grant.ends_on).is_(None), col(Grant.ends_on) >= today))
            .order_by(User.display_name, col(User.id))
            .distinct()
        )
        found.append(Desk(role, session.get_one(Area, area_code), list(session.exec(others))))
    return found


def takings_of(session: Session, user: User) -> list[AuditEvent]:
    """Who took over from somebody, the latest first."""
    found = select(AuditEvent).where(AuditEvent.subject_id == user.id, AuditEvent.action == TAKEN_OVER)
    return list(session.exec(found.order_by(col(AuditEvent.id).desc()).limit(PAGE_ROWS)))


def in_hands_of(session: Session, scope: Scope, user: User) -> list[InHand]:
    """Everything that somebody began in an area and nobody ended, by kind, the urgent kinds first; no empty kinds."""
    found = [InHand(text, icon, find(session, scope, user)) for text, icon, find in _KINDS]
    return [kind for kind in found if kind.things]


def _emergencies(session: Session, scope: Scope, user: User) -> list[Open]:
    """Opened by them, or they are asked to go or are there."""
    at_it = (AskState.ASKED, AskState.SILENT, AskState.COMING, AskState.THERE)
    asked = sa.select(CaseAsk.case_id).where(  # type: ignore[call-overload]
        CaseAsk.person_id == (user.person_id or ""), col(CaseAsk.state).in_(at_it)
    )
    rows = session.exec(
        select(EmergencyCase, Person)
        .where(in_area(col(EmergencyCase.area_code), scope.area_code), Person.id == EmergencyCase.elder_id)
        .where(col(EmergencyCase.closed_at).is_(None))
        .where(sa.or_(col(EmergencyCase.opened_by) == user.id, col(EmergencyCase.id).in_(asked)))
        .order_by(col(EmergencyCase.opened_at), col(EmergencyCase.id))
    )
    return [
        Open(elder.name, clock.local_date(case.opened_at), "emergency.show_case", {"emergency_id": case.id})
        for case, elder in rows
    ]


def _searches(session: Session, scope: Scope, user: User) -> list[Open]:
    steps = sa.select(UnreachedStep.case_id).where(UnreachedStep.by_user_id == user.id)  # type: ignore[call-overload]
    rows = session.exec(
        select(UnreachedCase, Person)
        .where(in_area(col(UnreachedCase.area_code), scope.area_code), Person.id == UnreachedCase.elder_id)
        .where(col(UnreachedCase.closed_at).is_(None), col(UnreachedCase.id).in_(steps))
        .order_by(col(UnreachedCase.opened_at), col(UnreachedCase.id))
    )
    return [Open(elder.name, clock.local_date(case.opened_at), "visiting.searches") for case, elder in rows]


def _assessments(session: Session, scope: Scope, user: User) -> list[Open]:
    rows = session.exec(
        select(Assessment, Person)
        .where(in_area(col(Assessment.area_code), scope.area_code), Person.id == Assessment.elder_id)
        .where(col(Assessment.state).in_(OPEN_STATES), Assessment.first_assessor_id == user.id)
        .order_by(col(Assessment.created_at), col(Assessment.id))
    )
    return [
        Open(elder.name, clock.local_date(row.created_at), "assessments.show", {"assessment_id": row.id})
        for row, elder in rows
    ]


def drafts_of(session: Session, scope: Scope, user: User) -> list[Assessment]:
    """The assessments that only their first assessor can go on with."""
    found = (
        select(Assessment)
        .where(in_area(col(Assessment.area_code), scope.area_code), Assessment.first_assessor_id == user.id)
        .where(Assessment.state == AssessmentState.DRAFT)
        .order_by(col(Assessment.id))
    )
    return list(session.exec(found))


def _day_plans(session: Session, scope: Scope, user: User) -> list[Open]:
    found = (
        select(DayPlan)
        .where(in_area(col(DayPlan.area_code), scope.area_code), DayPlan.state == DayPlanState.DRAFT)
        .where(DayPlan.made_by == user.id, DayPlan.on >= clock.today())
        .order_by(col(DayPlan.on), col(DayPlan.version))
    )
    return [
        Open(f"{row.on} · {row.version}", clock.local_date(row.made_at), "dayplans.show_day", {"day_plan_id": row.id})
        for row in session.exec(found)
    ]


def _changes_of_life(session: Session, scope: Scope, user: User) -> list[Open]:
    rows = session.exec(
        select(PersonCase, Person)
        .where(in_area(col(Person.area_code), scope.area_code), Person.id == PersonCase.person_id)
        .where(col(PersonCase.closed_at).is_(None), PersonCase.opened_by == user.id)
        .order_by(col(PersonCase.opened_at), col(PersonCase.id))
    )
    return [
        Open(person.name, clock.local_date(case.opened_at), "cases.show_case", {"case_id": case.id})
        for case, person in rows
    ]


def _entries(session: Session, scope: Scope, user: User) -> list[Open]:
    rows = session.exec(
        select(OfficeEntry, Person)
        .where(in_area(col(OfficeEntry.area_code), scope.area_code), OfficeEntry.state == EntryState.WAITING)
        .where(HourAccount.id == OfficeEntry.account_id, Person.id == HourAccount.person_id)
        .where(OfficeEntry.proposed_by == user.id)
        .order_by(col(OfficeEntry.proposed_at), col(OfficeEntry.id))
    )
    return [Open(person.name, clock.local_date(entry.proposed_at), "hours_desk.list_entries") for entry, person in rows]


def _hazards(session: Session, scope: Scope, user: User) -> list[Open]:
    """Mended by them: somebody else looks whether it is gone."""
    rows = session.exec(
        select(BedHazard, Person)
        .where(in_area(col(BedHazard.area_code), scope.area_code), CareBed.id == BedHazard.bed_id)
        .where(Person.id == CareBed.elder_id, col(BedHazard.closed_by_id).is_(None), BedHazard.mended_by == user.id)
        .order_by(col(BedHazard.due_on), col(BedHazard.id))
    )
    return [
        Open(elder.name, hazard.mended_on or hazard.due_on, "beds.show", {"bed_id": hazard.bed_id})
        for hazard, elder in rows
    ]


def _sessions(session: Session, scope: Scope, user: User) -> list[Open]:
    rows = session.exec(
        select(GroupSession, HelpGroup)
        .where(in_area(col(GroupSession.area_code), scope.area_code), HelpGroup.id == GroupSession.group_id)
        .where(GroupSession.state == SessionState.TOLD, GroupSession.told_by == user.id)
        .order_by(col(GroupSession.told_at), col(GroupSession.id))
    )
    return [Open(group.name, told.on, "mutual.show_group", {"group_id": group.id}) for told, group in rows]


def _call_ups(session: Session, scope: Scope, user: User) -> list[Open]:
    found = (
        select(CallUp)
        .where(in_area(col(CallUp.area_code), scope.area_code), CallUp.by_user_id == user.id)
        .where(col(CallUp.ended_at).is_(None))
        .order_by(col(CallUp.on), col(CallUp.id))
    )
    return [Open(row.words, row.on, "readiness.show_call_up", {"call_up_id": row.id}) for row in session.exec(found)]


def _proposals(session: Session, scope: Scope, user: User) -> list[Open]:
    found = (
        select(PolicyVersion)
        .where(in_area(col(PolicyVersion.area_code), scope.area_code), col(PolicyVersion.approved_by).is_(None))
        .where(PolicyVersion.proposed_by == user.id)
        .order_by(col(PolicyVersion.starts_on), col(PolicyVersion.id))
    )
    return [Open(row.area_code, row.starts_on, "policies.rules_in_force") for row in session.exec(found)]


def _shifts(session: Session, scope: Scope, user: User) -> list[Open]:
    """The duty list names the person: whoever goes on puts themselves there."""
    rows = session.exec(
        select(DutyShift, Area)
        .where(in_area(col(DutyShift.area_code), scope.area_code), Area.code == DutyShift.area_code)
        .where(DutyShift.person_id == (user.person_id or ""))
        .where(sa.or_(col(DutyShift.ends_on).is_(None), col(DutyShift.ends_on) >= clock.today()))
        .order_by(col(DutyShift.weekday), col(DutyShift.from_minute), col(DutyShift.id))
    )
    return [Open(area_name(area), shift.starts_on, "emergency.duty") for shift, area in rows]


def _groups(session: Session, scope: Scope, user: User) -> list[Open]:
    found = (
        select(HelpGroup)
        .where(in_area(col(HelpGroup.area_code), scope.area_code), HelpGroup.leader_id == (user.person_id or ""))
        .where(col(HelpGroup.ended_on).is_(None))
        .order_by(col(HelpGroup.area_code), col(HelpGroup.id))
    )
    return [
        Open(group.name, group.founded_on, "mutual.show_group", {"group_id": group.id}) for group in session.exec(found)
    ]


def _phones(session: Session, scope: Scope, user: User) -> list[Open]:
    rows = session.exec(
        select(Phone, PhoneUser)
        .where(in_area(col(Phone.area_code), scope.area_code), PhoneUser.phone_id == Phone.id)
        .where(PhoneUser.user_id == user.id, col(Phone.revoked_at).is_(None))
        .order_by(col(PhoneUser.since_at), col(PhoneUser.id))
    )
    return [Open(phone.label or "–", clock.local_date(link.since_at), "phones.list_phones") for phone, link in rows]


_Find = Callable[[Session, Scope, User], list[Open]]
_KINDS: tuple[tuple[Text, str, _Find], ...] = (
    (T("Open emergencies"), "siren", _emergencies),
    (T("Searches for elders who were not reached"), "alert", _searches),
    (T("Drafts of day plans"), "route", _day_plans),
    (T("Assessments under way"), "list", _assessments),
    (T("Changes of life that are not settled"), "users", _changes_of_life),
    (T("Entries that wait for a second person"), "shield", _entries),
    (T("Mended hazards that somebody else looks at again"), "bed", _hazards),
    (T("Afternoons whose hours wait for a second person"), "users", _sessions),
    (T("Call-ups that are not ended"), "phone", _call_ups),
    (T("Changes of the rules that wait for a second person"), "book-open", _proposals),
    (T("Hours on the duty list"), "clock", _shifts),
    (T("Groups that they lead"), "hands", _groups),
    (T("Phones that open with this login"), "phone", _phones),
)


def counts(kinds: list[InHand]) -> dict[str, Any]:
    """Kind → how many, for the event log."""
    return {kind.text.msgid: len(kind.things) for kind in kinds}
