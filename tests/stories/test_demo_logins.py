"""The logins that the demo prints: one for each role, and one person has one login."""

from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from timebank.auth.models import User
from timebank.auth.operations import fits
from timebank.core import db
from timebank.core.actors import Role
from timebank.demo.operations import give_login
from timebank.people.models import Person


def test_the_assistant_of_a_village_goes_on_with_their_login(cast: Cast) -> None:
    with db.transaction() as session:
        login = give_login(session, Role.ASSISTANT, make.VILLAGE, session.get_one(Person, cast.wang.id))
    with db.reading() as session:
        (user,) = session.exec(select(User).where(User.person_id == cast.wang.id)).all()
        assert (user.login_name, fits(login.secret, user.secret_hash)) == ("assistant", True)
