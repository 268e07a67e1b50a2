"""Reading groups, pairs, rounds and sessions, always within the caller's scope."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from timebank.areas.models import AreaKind
from timebank.areas.queries import areas_within
from timebank.auth.models import Grant
from timebank.core.actors import Role, Scope
from timebank.core.db import in_area
from timebank.core.limits import PAGE_ROWS
from timebank.core.text import Text
from timebank.mutual.models import (
    GroupKind,
    GroupMember,
    GroupSession,
    HelpGroup,
    Pairing,
    PatrolDoor,
    PatrolRound,
    SessionAttendee,
    SessionPart,
    SessionState,
)
from timebank.mutual.rules import Coverage, Share, why_no_knock
from timebank.people.models import Household, Person, PersonState
from timebank.policies.queries import in_force
from timebank.visiting.models import VisitingRecord
from timebank.visiting.queries import in_a_group

_HERE = (PersonState.ACTIVE, PersonState.AWAY, PersonState.HOSPITAL)


def _belongs(on: date) -> ColumnElement[bool]:
    left = col(GroupMember.left_on)
    return sa.and_(col(GroupMember.joined_on) <= on, sa.or_(left.is_(None), left > on))


def _stands(on: date) -> ColumnElement[bool]:
    ended = col(HelpGroup.ended_on)
    return sa.and_(col(HelpGroup.founded_on) <= on, sa.or_(ended.is_(None), ended > on))


def _paired(on: date) -> ColumnElement[bool]:
    ends = col(Pairing.ends_on)
    return sa.and_(col(Pairing.starts_on) <= on, sa.or_(ends.is_(None), ends >= on))


def groups_in(session: Session, area_code: str, on: date) -> list[tuple[HelpGroup, int]]:
    """The groups and teams of an area on a day with the number of their members, by area, the team first."""
    size = (
        select(GroupMember.group_id, sa.func.count().label("members"))
        .where(_belongs(on))
        .group_by(col(GroupMember.group_id))
        .subquery()
    )
    found = (
        select(HelpGroup, size.c.members)
        .outerjoin(size, size.c.group_id == HelpGroup.id)
        .where(in_area(col(HelpGroup.area_code), area_code), _stands(on))
        .order_by(col(HelpGroup.area_code), col(HelpGroup.kind).desc())
    )
    return [(group, int(members or 0)) for group, members in session.exec(found)]


def coverage(session: Session, area_code: str, on: date, *, level_digits: int = 12) -> list[Coverage]:
    """The three indicators for every township (9) or village (12) of an area: the only query for them.

    A village has an assistant when a login holds the role there on the day. A team or group counts from
    policy mutual.least_members on. Source: field guide §3.1.
    """
    villages = [area.code for area in areas_within(session, area_code, AreaKind.VILLAGE)]
    parts = [area.code for area in areas_within(session, area_code, AreaKind.HELP_GROUP)]
    assisted = _villages_with_assistant(session, area_code, on)
    real = {kind: _areas_with(session, area_code, kind, on) for kind in GroupKind}
    kind = {9: AreaKind.TOWNSHIP, 12: AreaKind.VILLAGE}[level_digits]

    def share(code: str, wanted: Iterable[str], there: set[str]) -> Share:
        inside = [one for one in wanted if one.startswith(code)]
        return Share(sum(one in there for one in inside), len(inside))

    return [
        Coverage(
            area.code,
            area.name_zh,
            area.name_en,
            area.lat,
            area.lon,
            {
                "assistant": share(area.code, villages, assisted),
                "team": share(area.code, villages, real[GroupKind.TEAM]),
                "group": share(area.code, parts, real[GroupKind.GROUP]),
            },
        )
        for area in areas_within(session, area_code, kind)
    ]


def _villages_with_assistant(session: Session, area_code: str, on: date) -> set[str]:
    found = select(Grant.area_code).where(
        in_area(col(Grant.area_code), area_code),
        Grant.role == Role.ASSISTANT,
        Grant.starts_on <= on,
        sa.or_(col(Grant.ends_on).is_(None), col(Grant.ends_on) >= on),
    )
    return set(session.exec(found))


def _areas_with(session: Session, area_code: str, kind: GroupKind, on: date) -> set[str]:
    """Where a group of a kind is large enough by the rules of its own township, whoever asks."""
    least_in = cache(lambda township: in_force(session, township, on).number("mutual.least_members"))
    found = [(group, members) for group, members in groups_in(session, area_code, on) if group.kind == kind]
    return {group.area_code for group, members in found if members >= least_in(group.area_code[:9])}


def group_for(session: Session, scope: Scope, group_id: str) -> HelpGroup | None:
    """The group if an office sees its area, or a member belongs to it."""
    group = session.get(HelpGroup, group_id)
    if group is None:
        return None
    if scope.person_ids is None:
        return group if scope.holds_area(group.area_code) else None
    mine = select(GroupMember.id).where(
        GroupMember.group_id == group.id,
        col(GroupMember.person_id).in_(scope.person_ids),
        col(GroupMember.left_on).is_(None),
    )
    return group if session.exec(mine).first() else None


def members_of(session: Session, group_id: str, on: date) -> list[Person]:
    """Who belongs to a group on a day, by reading."""
    found = (
        select(Person)
        .join(GroupMember, col(GroupMember.person_id) == Person.id)
        .where(GroupMember.group_id == group_id, _belongs(on))
        .order_by(col(Person.pinyin_key), col(Person.id))
    )
    return list(session.exec(found))


def groups_of(session: Session, person_id: str, on: date) -> list[HelpGroup]:
    """The groups that somebody belongs to."""
    found = (
        select(HelpGroup)
        .join(GroupMember, col(GroupMember.group_id) == HelpGroup.id)
        .where(GroupMember.person_id == person_id, _belongs(on), _stands(on))
        .order_by(col(HelpGroup.kind), col(HelpGroup.id))
    )
    return list(session.exec(found))


def volunteers_in(session: Session, area_code: str) -> list[Person]:
    """All active volunteers of an area, by reading."""
    return list(session.exec(_volunteers(area_code)))


def volunteers_to_choose(session: Session, area_code: str, *, first_of: str = "") -> list[Person]:
    """Active volunteers of an area for a list to choose from, those of one place in it first. At most a few pages."""
    nearest = in_area(col(Person.area_code), first_of or area_code).desc()
    found = _volunteers(area_code).order_by(None).order_by(nearest, col(Person.pinyin_key), col(Person.id))
    return list(session.exec(found.limit(6 * PAGE_ROWS)))


def _volunteers(area_code: str) -> SelectOfScalar[Person]:
    found = select(Person).where(
        in_area(col(Person.area_code), area_code),
        Person.state == PersonState.ACTIVE,
        col(Person.volunteer_since_on).is_not(None),
    )
    return found.order_by(col(Person.pinyin_key), col(Person.id))


def elders_in(session: Session, area_code: str) -> list[Person]:
    """Registered elders of an area who live there, those in special difficulty first."""
    found = select(Person, in_a_group()).where(
        in_area(col(Person.area_code), area_code),
        col(Person.state).in_(_HERE),
        col(Person.elder_since_on).is_not(None),
    )
    hardest = found.order_by(in_a_group().desc(), col(Person.pinyin_key), col(Person.id))
    return [person for person, _ in session.exec(hardest.limit(6 * PAGE_ROWS))]


def paired_helpers(session: Session, elder_ids: Iterable[str], on: date) -> dict[str, frozenset[str]]:
    """Who looks after each elder for good on a day: elder → helpers. For the same face in plans and emergencies."""
    found = select(Pairing.elder_id, Pairing.helper_id).where(col(Pairing.elder_id).in_(set(elder_ids)), _paired(on))
    pairs: dict[str, set[str]] = {}
    for elder_id, helper_id in session.exec(found):
        pairs.setdefault(elder_id, set()).add(helper_id)
    return {elder_id: frozenset(helpers) for elder_id, helpers in pairs.items()}


def pairs_with(session: Session, person_id: str, on: date) -> list[Pairing]:
    """The pairs that somebody is a half of on a day."""
    half = sa.or_(col(Pairing.elder_id) == person_id, col(Pairing.helper_id) == person_id)
    return list(session.exec(select(Pairing).where(half, _paired(on)).order_by(col(Pairing.id))))


def load_of(session: Session, helper_ids: Sequence[str], on: date) -> int:
    """How many elders some people look after; who has two of them is one elder."""
    elders = sa.func.count(sa.distinct(col(Pairing.elder_id)))
    found = select(elders).where(col(Pairing.helper_id).in_(helper_ids), _paired(on))
    return int(session.exec(found).one())


def pairings_in(session: Session, area_code: str, on: date) -> list[tuple[Pairing, Person, Person]]:
    """The pairs of an area with elder and helper, by the elder's reading. At most a few pages."""
    elder, helper = aliased(Person), aliased(Person)
    found = (
        sa.select(Pairing, elder, helper)
        .join(elder, col(elder.id) == Pairing.elder_id)
        .join(helper, col(helper.id) == Pairing.helper_id)
        .where(in_area(col(Pairing.area_code), area_code), _paired(on))
        .order_by(col(elder.pinyin_key), col(Pairing.id))
        .limit(6 * PAGE_ROWS)
    )
    return [(row[0], row[1], row[2]) for row in session.execute(found)]


def pairing_for(session: Session, scope: Scope, pairing_id: str) -> Pairing | None:
    """The pair if an office sees the elder's area."""
    pairing = session.get(Pairing, pairing_id)
    is_seen = pairing is not None and scope.person_ids is None and scope.holds_area(pairing.area_code)
    return pairing if is_seen else None


def alone_in(session: Session, area_code: str, on: date) -> list[Person]:
    """Elders in special difficulty of an area whom nobody looks after for good, by reading."""
    cared = select(Pairing.elder_id).where(_paired(on))
    found = select(Person).where(
        in_area(col(Person.area_code), area_code),
        Person.state == PersonState.ACTIVE,
        col(Person.elder_since_on).is_not(None),
        in_a_group(),
        col(Person.id).not_in(cared),
    )
    return list(session.exec(found.order_by(col(Person.pinyin_key), col(Person.id)).limit(PAGE_ROWS)))


def count_pairs(session: Session, area_code: str, on: date) -> Share:
    """How many elders in special difficulty of an area somebody looks after for good, of all of them."""
    cared = select(Pairing.elder_id).where(_paired(on))
    counted = sa.func.sum(sa.case((col(Person.id).in_(cared), 1), else_=0))
    found = select(counted, sa.func.count()).where(
        in_area(col(Person.area_code), area_code),
        Person.state == PersonState.ACTIVE,
        col(Person.elder_since_on).is_not(None),
        in_a_group(),
    )
    has, of = session.exec(found).one()
    return Share(int(has or 0), int(of))


def round_for(session: Session, scope: Scope, round_id: str) -> PatrolRound | None:
    """The round if the scope may see its group."""
    patrol = session.get(PatrolRound, round_id)
    return patrol if patrol and group_for(session, scope, patrol.group_id) else None


@dataclass(frozen=True)
class Door:
    """One door of a round: whose, where, what came of the knock (None: still to do), and why nobody knocks there."""

    door: PatrolDoor
    elder: Person
    household: Household
    record: VisitingRecord | None
    gone: Text | None


def doors_of(session: Session, round_ids: Iterable[str]) -> dict[str, list[Door]]:
    """The doors of rounds in the order of the walk."""
    found = (
        sa.select(PatrolDoor, Person, Household, VisitingRecord, col(PatrolRound.area_code))
        .join(PatrolRound, col(PatrolRound.id) == PatrolDoor.round_id)
        .join(Person, col(Person.id) == PatrolDoor.elder_id)
        .join(Household, col(Household.code) == Person.household_code)
        .outerjoin(VisitingRecord, col(VisitingRecord.source_key) == PatrolDoor.record_key)
        .where(col(PatrolDoor.round_id).in_(set(round_ids)))
        .order_by(col(PatrolDoor.place))
    )
    doors: dict[str, list[Door]] = {}
    for door, elder, household, record, area_code in session.execute(found):
        gone = why_no_knock(elder.state, elder.area_code, area_code)
        doors.setdefault(door.round_id, []).append(Door(door, elder, household, record, gone))
    return doors


def rounds_of(session: Session, group_ids: Iterable[str], first_on: date, last_on: date) -> list[PatrolRound]:
    """The rounds of groups from a day to a day, newest first."""
    found = select(PatrolRound).where(
        col(PatrolRound.group_id).in_(set(group_ids)), PatrolRound.on >= first_on, PatrolRound.on <= last_on
    )
    return list(session.exec(found.order_by(col(PatrolRound.on).desc())))


def session_for(session: Session, scope: Scope, session_id: str) -> GroupSession | None:
    """The session if an office sees its area."""
    told = session.get(GroupSession, session_id)
    return told if told and scope.person_ids is None and scope.holds_area(told.area_code) else None


def attendees_of(session: Session, session_ids: Iterable[str]) -> dict[str, list[tuple[SessionPart, Person]]]:
    """Who was at sessions, helpers first."""
    found = (
        select(SessionAttendee, Person)
        .where(col(SessionAttendee.session_id).in_(set(session_ids)), Person.id == SessionAttendee.person_id)
        .order_by(col(SessionAttendee.part).desc(), col(Person.pinyin_key), col(Person.id))
    )
    there: dict[str, list[tuple[SessionPart, Person]]] = {}
    for attendee, person in session.exec(found):
        there.setdefault(attendee.session_id, []).append((attendee.part, person))
    return there


def sessions_of(session: Session, group_id: str, first_on: date, last_on: date) -> list[GroupSession]:
    """The sessions of a group from a day to a day, newest first."""
    found = select(GroupSession).where(
        GroupSession.group_id == group_id, GroupSession.on >= first_on, GroupSession.on <= last_on
    )
    return list(session.exec(found.order_by(col(GroupSession.on).desc(), col(GroupSession.from_minute))))


def waiting_sessions(session: Session, scope: Scope) -> list[GroupSession]:
    """One page of an office's sessions that wait for a second person, the oldest first."""
    found = select(GroupSession).where(
        in_area(col(GroupSession.area_code), scope.area_code), GroupSession.state == SessionState.TOLD
    )
    return list(session.exec(found.order_by(col(GroupSession.told_at)).limit(PAGE_ROWS)))


def groups_by_id(session: Session, group_ids: Iterable[str]) -> Mapping[str, HelpGroup]:
    """Groups by id, for lists that were limited to the scope already."""
    found = select(HelpGroup).where(col(HelpGroup.id).in_(set(group_ids)))
    return {group.id: group for group in session.exec(found)}


def outcomes(doors: Iterable[Door]) -> Counter[str]:
    """How many doors of a round had each outcome; "open" for those still to do, "gone" where nobody knocks any more."""
    return Counter(door.record.outcome.value if door.record else "gone" if door.gone else "open" for door in doors)
