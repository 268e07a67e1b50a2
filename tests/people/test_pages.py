"""The list of people, as the office opens it."""

from tests.cast import Cast
from tests.fixtures.site import At, SignIn
from timebank.core import clock
from timebank.core.actors import SYSTEM, Role
from timebank.core.db import transaction
from timebank.people import operations as people
from timebank.people.models import PersonState


def test_the_list_says_who_is_in_hospital(cast: Cast, sign_in: SignIn, at: At) -> None:
    at("2026-11-03 09:00")
    with transaction() as session:
        who, state = cast.chen_popo.id, PersonState.HOSPITAL
        people.change_state(session, actor=SYSTEM, person_id=who, state=state, since_on=clock.today())
    assert "in hospital" in sign_in(Role.ASSISTANT).visit("/people?kind=elder")
