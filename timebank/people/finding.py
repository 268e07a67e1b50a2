"""Who is meant by what somebody typed into a form."""

from sqlmodel import Session

from timebank.core.actors import Scope
from timebank.core.errors import BadInput
from timebank.core.text import T
from timebank.people.models import Person
from timebank.people.queries import person_for, search_people


def the_one(session: Session, scope: Scope, *, words: str, field: str) -> Person:
    """The one entry that an id or some words mean: a name or its reading, and the number of the door."""
    known = person_for(session, scope, words)
    found = [known] if known else search_people(session, scope, words=words)
    if len(found) != 1:
        text = T("{count} entries fit this. Write the name and the number of the door.", count=len(found))
        raise BadInput("people.not_one_entry", text, field=field)
    return found[0]
