"""Who may read the hours of somebody else: the book, its lines, the monthly sheets."""

from sqlmodel import Session

from timebank.core.actors import Actor
from timebank.core.errors import NotAllowed
from timebank.core.text import T
from timebank.people.queries import may_read_hours


def reads(session: Session, actor: Actor, person_id: str) -> bool:
    """Whether the caller may read a book in their scope: offices do, kin as far as power and consent go."""
    is_member = actor.scope.person_ids is not None
    return not is_member or may_read_hours(session, reader_id=actor.person_id or "", person_id=person_id)


def check_reader(session: Session, actor: Actor, person_id: str) -> None:
    """Refuse kin whose power is for nothing that hours are needed for, or whose elder does not want them to see."""
    if not reads(session, actor, person_id):
        text = T("To read these hours you need a power to ask, confirm or give, and the elder must agree.")
        raise NotAllowed("statements.no_power", text)
