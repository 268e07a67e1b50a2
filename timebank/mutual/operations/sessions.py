"""An afternoon together: told by one person, accepted by another, then its hours are in the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel import Session, col, select

from timebank.audit.operations import note
from timebank.core import clock, ids
from timebank.core.actors import Actor
from timebank.core.errors import BadInput, NotAllowed, NotFound, Refused
from timebank.core.minutes import round_down
from timebank.core.text import T
from timebank.ledger import operations as ledger
from timebank.mutual import queries, rules
from timebank.mutual.models import GroupSession, SessionAttendee, SessionPart, SessionState
from timebank.mutual.operations.groups import led_group
from timebank.people.models import Person
from timebank.people.queries import people_by_id
from timebank.policies.queries import in_force

_BACK_DAYS = 31


@dataclass(frozen=True)
class SessionIn:
    """What somebody tells of a session: when, for how long, about what, who helped, who came."""

    on: date
    from_minute: int
    minutes: int
    topic: str
    helped: Sequence[str]
    came: Sequence[str] = ()


def tell_session(session: Session, *, actor: Actor, group_id: str, told: SessionIn) -> GroupSession:
    """Write down a session of a group; nothing is credited before a second person has accepted it.

    Refuses days to come or long past, sessions longer than policy mutual.session_max_minutes, helpers who are no
    members or helped in another session at that time, guests from other villages.
    """
    group = led_group(session, actor, group_id)
    if not clock.today() - timedelta(days=_BACK_DAYS) <= told.on <= clock.today():
        text = T("Choose today or one of the last {days} days.", days=_BACK_DAYS)
        raise BadInput("mutual.bad_session_day", text, field="on")
    most = in_force(session, group.area_code, told.on).number("mutual.session_max_minutes")
    if not 15 <= told.minutes <= most:
        raise BadInput("mutual.session_length", T("A session lasts 15 to {most} minutes.", most=most), field="minutes")
    if clock.at_local(told.on, told.from_minute + told.minutes) > clock.now():
        raise BadInput("mutual.session_not_over", T("Write it down when it is over."), field="from")
    if told.topic not in rules.TOPICS:
        raise BadInput("core.not_a_choice", T("Choose from the list."), field="topic")
    rules.check_attendance(told.helped, told.came)
    members = {person.id for person in queries.members_of(session, group.id, told.on)}
    if not set(told.helped) <= members:
        raise BadInput("mutual.helpers_are_members", T("Helpers are members of the group."), field="helped")
    _refuse_two_at_once(session, told)
    guests = people_by_id(session, told.came)
    if any(not guests[one].area_code.startswith(group.area_code[:12]) for one in guests) or len(guests) < len(
        set(told.came)
    ):
        raise BadInput("mutual.guests_of_village", T("Guests are people of the village."), field="came")
    made = GroupSession(
        id=ids.new_id("gse"),
        group_id=group.id,
        area_code=group.area_code,
        on=told.on,
        from_minute=told.from_minute,
        minutes=told.minutes,
        topic=told.topic,
        told_by=actor.user_id,
        told_at=clock.now(),
    )
    session.add(made)
    session.flush()
    parts = [(one, SessionPart.HELPED) for one in told.helped] + [(one, SessionPart.CAME) for one in told.came]
    for person_id, part in dict(parts).items():
        session.add(SessionAttendee(id=ids.new_id("sat"), session_id=made.id, person_id=person_id, part=part))
    session.flush()
    note(session, actor=actor, action="mutual.tell_session", subject_id=made.id, area_code=made.area_code)
    return made


def _refuse_two_at_once(session: Session, told: SessionIn) -> None:
    """Nobody helps in two sessions at one time; told for the group and for the team, an afternoon would count twice."""
    found = (
        select(Person.name)
        .join(SessionAttendee, col(SessionAttendee.person_id) == Person.id)
        .join(GroupSession, col(GroupSession.id) == SessionAttendee.session_id)
        .where(col(Person.id).in_(told.helped), SessionAttendee.part == SessionPart.HELPED)
        .where(GroupSession.on == told.on, GroupSession.state != SessionState.REJECTED)
        .where(col(GroupSession.from_minute) < told.from_minute + told.minutes)
        .where(col(GroupSession.from_minute) + col(GroupSession.minutes) > told.from_minute)
    )
    if name := session.exec(found.order_by(Person.id)).first():
        text = T("{name} helped in another session at this time, which is written down already.", name=name)
        raise Refused("mutual.two_sessions", text, field="helped")


def accept_session(session: Session, *, actor: Actor, session_id: str) -> GroupSession:
    """Accept a session that somebody else told; its hours are posted, by policy group.hours_mode to the commons.

    Refuses who told it and who helped in it: nobody earns, records and approves the same hour.
    """
    told = _waiting(session, actor, session_id)
    helpers = [person for part, person in _attendees(session, told) if part == SessionPart.HELPED]
    if actor.user_id == told.told_by or actor.person_id in {person.id for person in helpers}:
        raise NotAllowed("mutual.same_person", T("Who told a session or helped in it does not accept it."))
    step = in_force(session, told.area_code, told.on).number("earn.rounding_minutes")
    ledger.record_group_session(
        session,
        actor=actor,
        area_code=told.area_code,
        session_id=told.id,
        minutes_by_person={person.id: round_down(told.minutes, step) or step for person in helpers},
        event_at=clock.at_local(told.on, told.from_minute),
    )
    return _decided(session, actor, told, SessionState.ACCEPTED)


def reject_session(session: Session, *, actor: Actor, session_id: str, reason: str) -> GroupSession:
    """Send a session back with a reason; nothing is credited."""
    told = _waiting(session, actor, session_id)
    if not reason.strip():
        raise BadInput("core.missing", T("Please fill this in."), field="reason")
    told.reason = reason.strip()[:200]
    return _decided(session, actor, told, SessionState.REJECTED)


def _waiting(session: Session, actor: Actor, session_id: str) -> GroupSession:
    told = session.get(GroupSession, session_id, with_for_update=True)
    if told is None or actor.scope.person_ids is not None or not actor.scope.holds_area(told.area_code):
        raise NotFound("mutual.no_such_session", T("There is no such session in your area."))
    if told.state != SessionState.TOLD:
        raise Refused("mutual.session_decided", T("Somebody has decided about this session already."))
    return told


def _attendees(session: Session, told: GroupSession) -> list[tuple[SessionPart, Person]]:
    return list(queries.attendees_of(session, [told.id]).get(told.id, []))


def _decided(session: Session, actor: Actor, told: GroupSession, state: SessionState) -> GroupSession:
    told.state, told.decided_by, told.decided_at = state, actor.user_id, clock.now()
    session.add(told)
    session.flush()
    action = f"mutual.{'accept' if state == SessionState.ACCEPTED else 'reject'}_session"
    note(session, actor=actor, action=action, subject_id=told.id, area_code=told.area_code)
    return told
