"""Calling groups and teams together, and who belongs to them."""

from sqlmodel import Session, col, select

from timebank.areas.models import Area
from timebank.audit.operations import note
from timebank.core import clock, ids
from timebank.core.actors import Actor
from timebank.core.errors import BadInput, NotFound, Refused
from timebank.core.limits import MAX_NAME_CHARS
from timebank.core.text import T
from timebank.mutual import queries, rules
from timebank.mutual.models import GroupKind, GroupMember, HelpGroup
from timebank.people.effects import follows, has_left
from timebank.people.models import Person, PersonCase, PersonState


def found_group(
    session: Session, *, actor: Actor, area_code: str, kind: GroupKind, leader_id: str, name: str = ""
) -> HelpGroup:
    """Call the group of a villager group or the team of a village together; who leads it belongs to it.

    One that fell asleep is called together again. Refuses a second one of a kind, and places of the wrong level.
    """
    area = session.get(Area, area_code)
    if area is None or not actor.scope.holds_area(area_code):
        raise NotFound("areas.no_such_area", T("There is no such place."))
    if len(area_code) != rules.AREA_DIGITS[kind]:
        text = T("A group belongs to a villager group, a team to a village.")
        raise BadInput("mutual.wrong_level", text, field="area_code")
    leader = _of_village(session, area_code, leader_id, field="leader_id")
    known = select(HelpGroup).where(HelpGroup.area_code == area_code, HelpGroup.kind == kind).with_for_update()
    group = session.exec(known).first()
    if group and (group.ended_on is None or group.ended_on > clock.today()):
        raise Refused("mutual.stands_already", T("This place has one already."), field="area_code")
    group = group or HelpGroup(
        id=ids.new_id("hgr"), area_code=area_code, kind=kind, name="", leader_id=leader.id, founded_on=clock.today()
    )
    village = session.get_one(Area, area_code[:12]).name_zh
    group.name = (name.strip() or rules.name_of(kind, area.name_zh, village=village))[:MAX_NAME_CHARS]
    group.leader_id, group.ended_on = leader.id, None
    session.add(group)
    session.flush()
    _add_member(session, group, leader)
    note(session, actor=actor, action="mutual.found_group", subject_id=group.id, area_code=area_code, kind=kind.value)
    return group


def end_group(session: Session, *, actor: Actor, group_id: str) -> HelpGroup:
    """Let a group fall asleep today; who belonged to it belonged to it until now."""
    group = _led(session, actor, group_id, by_leader=False)
    group.ended_on = clock.today()
    for member in _memberships(session, group.id):
        member.left_on = clock.today()
        session.add(member)
    session.add(group)
    note(session, actor=actor, action="mutual.end_group", subject_id=group.id, area_code=group.area_code)
    return group


def join(session: Session, *, actor: Actor, group_id: str, person_id: str) -> GroupMember:
    """Take a volunteer of the village into a group; said again it changes nothing. The leader may do it too."""
    group = _led(session, actor, group_id)
    member = _add_member(session, group, _of_village(session, group.area_code, person_id, field="person_id"))
    note(session, actor=actor, action="mutual.join", subject_id=group.id, area_code=group.area_code, member=person_id)
    return member


def leave(session: Session, *, actor: Actor, group_id: str, person_id: str) -> None:
    """Let somebody leave a group today. Who leads it goes when somebody else leads."""
    group = _led(session, actor, group_id)
    if person_id == group.leader_id:
        raise Refused("mutual.leader_leaves", T("Name another leader first."), field="person_id")
    for member in _memberships(session, group.id):
        if member.person_id == person_id:
            member.left_on = clock.today()
            session.add(member)
    note(session, actor=actor, action="mutual.leave", subject_id=group.id, area_code=group.area_code, member=person_id)


def name_leader(session: Session, *, actor: Actor, group_id: str, person_id: str) -> HelpGroup:
    """Let a member lead the group."""
    group = _led(session, actor, group_id, by_leader=False)
    if all(member.person_id != person_id for member in _memberships(session, group.id)):
        raise BadInput("mutual.not_a_member", T("Only a member can lead."), field="person_id")
    group.leader_id = person_id
    session.add(group)
    note(session, actor=actor, action="mutual.name_leader", subject_id=group.id, area_code=group.area_code)
    return group


def led_group(session: Session, actor: Actor, group_id: str) -> HelpGroup:
    """The group, standing, if the actor's office sees it or the actor belongs to it."""
    group = queries.group_for(session, actor.scope, group_id)
    if group is None or (group.ended_on is not None and group.ended_on <= clock.today()):
        raise NotFound("mutual.no_such_group", T("There is no such group in your area."))
    return group


def _led(session: Session, actor: Actor, group_id: str, *, by_leader: bool = True) -> HelpGroup:
    group = led_group(session, actor, group_id)
    is_office = actor.scope.person_ids is None
    if not is_office and not (by_leader and group.leader_id == actor.person_id):
        raise NotFound("mutual.no_such_group", T("There is no such group in your area."))
    return group


def _memberships(session: Session, group_id: str) -> list[GroupMember]:
    found = select(GroupMember).where(GroupMember.group_id == group_id, col(GroupMember.left_on).is_(None))
    return list(session.exec(found))


def _add_member(session: Session, group: HelpGroup, person: Person) -> GroupMember:
    known = [member for member in _memberships(session, group.id) if member.person_id == person.id]
    if known:
        return known[0]
    member = GroupMember(id=ids.new_id("gmb"), group_id=group.id, person_id=person.id, joined_on=clock.today())
    session.add(member)
    session.flush()
    return member


def _of_village(session: Session, area_code: str, person_id: str, *, field: str) -> Person:
    """An active volunteer who lives in the village."""
    person = session.get(Person, person_id)
    is_near = person is not None and person.area_code.startswith(area_code[:12])
    if person is None or not is_near or person.state != PersonState.ACTIVE or person.volunteer_since_on is None:
        raise BadInput("mutual.not_of_village", T("Choose an active volunteer of this village."), field=field)
    return person


@follows("groups_left", T("groups left"))
def leave_with_the_person(session: Session, _actor: Actor, person: Person, case: PersonCase) -> int:
    """Who died, moved away or was joined with another entry belongs to no group any more; the office names a leader."""
    is_gone = case.kind in (PersonState.DEAD, PersonState.MOVED, PersonState.MERGED)
    found = select(GroupMember, HelpGroup).where(
        GroupMember.person_id == person.id, col(GroupMember.left_on).is_(None), HelpGroup.id == GroupMember.group_id
    )
    members = [member for member, group in session.exec(found) if is_gone or has_left(case, person, group.area_code)]
    for member in members:
        member.left_on = clock.today()
        session.add(member)
    return len(members)
