"""Finding whom an operation is about, within what the actor may see."""

from sqlmodel import Session

from timebank.core.actors import Actor
from timebank.core.errors import NotFound
from timebank.core.text import T
from timebank.people.models import Person


def of_area(session: Session, actor: Actor, person_id: str) -> Person:
    """The person, if they live in the actor's area."""
    person = session.get(Person, person_id)
    if person is None or not actor.scope.holds_area(person.area_code):
        raise NotFound("people.no_such_person", T("There is no such person in your area."))
    return person


def of_area_or_self(session: Session, actor: Actor, person_id: str) -> Person:
    """The person, if they live in the actor's area, or are the actor or somebody the actor acts for."""
    person = session.get(Person, person_id)
    if person is None or not actor.scope.holds_person(person.id, person.area_code):
        raise NotFound("people.no_such_person", T("There is no such person in your area."))
    return person
