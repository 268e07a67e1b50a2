"""What a group did in a month: one answer from its sessions, rounds, pairs and visits."""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session, col, select

from timebank.core import months
from timebank.mutual import queries
from timebank.mutual.models import GroupMember, GroupSession, HelpGroup, PatrolRound, SessionPart, SessionState
from timebank.people.models import Person
from timebank.visiting.rules import REACHED
from timebank.visits.models import Visit, VisitCarer


@dataclass(frozen=True)
class GroupMonth:
    """A month of a group. Minutes of sessions are those that were accepted; visits are those that members made."""

    sessions: list[GroupSession]
    attendees: dict[str, list[tuple[SessionPart, Person]]]
    rounds: list[PatrolRound]
    doors: dict[str, list[queries.Door]]
    session_minutes: int  # of all helpers together
    reached: int  # elders whom a round reached
    visits: int
    visit_minutes: int
    pairs: int  # elders whom members look after for good, at the end of the month


def month_of(session: Session, group: HelpGroup, month: str) -> GroupMonth:
    """What a group did in a month."""
    first_on, last_on = months.first_day(month), months.last_day(month)
    sessions = queries.sessions_of(session, group.id, first_on, last_on)
    attendees = queries.attendees_of(session, [one.id for one in sessions])
    rounds = queries.rounds_of(session, [group.id], first_on, last_on)
    doors = queries.doors_of(session, [one.id for one in rounds])
    members = [person.id for person in queries.members_of(session, group.id, last_on)]
    visits, visit_minutes = _visits(session, group.id, first_on, last_on)
    return GroupMonth(
        sessions=sessions,
        attendees=attendees,
        rounds=rounds,
        doors=doors,
        session_minutes=sum(_minutes(one, attendees) for one in sessions if one.state == SessionState.ACCEPTED),
        reached=_reached(doors),
        visits=visits,
        visit_minutes=visit_minutes,
        pairs=queries.load_of(session, members, last_on),
    )


def _minutes(told: GroupSession, attendees: dict[str, list[tuple[SessionPart, Person]]]) -> int:
    return told.minutes * sum(part == SessionPart.HELPED for part, _ in attendees.get(told.id, []))


def _reached(doors: dict[str, list[queries.Door]]) -> int:
    found = (door for walked in doors.values() for door in walked)
    return len({door.elder.id for door in found if door.record and door.record.outcome in REACHED})


def _visits(session: Session, group_id: str, first_on: date, last_on: date) -> tuple[int, int]:
    """Visits to which members went on days on which they belonged to the group, and the minutes credited for them."""
    left = col(GroupMember.left_on)
    found = (
        select(sa.func.count(sa.distinct(col(Visit.id))), sa.func.coalesce(sa.func.sum(VisitCarer.credited_minutes), 0))
        .where(VisitCarer.visit_id == Visit.id, VisitCarer.person_id == GroupMember.person_id)
        .where(GroupMember.group_id == group_id, Visit.due_on >= first_on, Visit.due_on <= last_on)
        .where(col(VisitCarer.checked_in_at).is_not(None))
        .where(GroupMember.joined_on <= Visit.due_on, sa.or_(left.is_(None), left > Visit.due_on))
    )
    visits, minutes = session.exec(found).one()
    return int(visits), int(minutes or 0)
