"""What a login opens for a member follows what its person is in the register."""

from sqlmodel import Session

from timebank.auth import operations as auth
from timebank.auth.queries import grants_on, user_of_person
from timebank.core import clock
from timebank.core.actors import SYSTEM, Role
from timebank.people import queries
from timebank.people.models import Person


def give_member_roles(session: Session, person: Person) -> None:
    """Give the person's login, if there is one, each role of a member that it lacks.

    Who helps is a volunteer; who is helped, acts for somebody or does neither is an elder or kin. It follows from the
    register by itself, whoever wrote there: the desk of a village cannot give roles in the holder's own village.
    """
    session.flush()
    user = user_of_person(session, person.id)
    if user is None:
        return
    held = {grant.role for grant in grants_on(session, user.id, clock.today())}
    for role in _roles_of(session, person):
        if role not in held:
            auth.give_role(session, actor=SYSTEM, user_id=user.id, role=role, area_code=person.area_code[:12])


def _roles_of(session: Session, person: Person) -> list[Role]:
    roles = [Role.VOLUNTEER] if person.volunteer_since_on else []
    if person.elder_since_on or not roles or queries.acts_for(session, person.id):
        roles.append(Role.ELDER)
    return roles
