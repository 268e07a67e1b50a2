"""Who gets the month's gift, and what a township decides by itself."""

import pytest

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At
from tests.stories.hours import DISTRICT, Has, does, has, rules_become
from tests.stories.test_hours_used import lives_alone
from timebank.core import clock
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.core.db import reading, transaction
from timebank.core.errors import Refused
from timebank.ledger import operations as ledger
from timebank.people.models import Person, PersonState
from timebank.policies import operations as policies
from timebank.policies.queries import in_force


def becomes(person: Person, state: PersonState) -> None:
    with transaction() as session:
        session.get_one(Person, person.id).state = state


@pytest.mark.parametrize("state", [PersonState.HOSPITAL, PersonState.AWAY, PersonState.MOVED, PersonState.DEAD])
def test_the_gift_waits_for_who_is_not_at_home_on_the_first(cast: Cast, at: At, state: PersonState) -> None:
    lives_alone(cast.ran_daye)
    becomes(cast.ran_daye, state)
    at("2026-12-01 00:10")
    does(ledger.give_gifts, area_code=DISTRICT, month="2026-12")
    comes_back = state in (PersonState.HOSPITAL, PersonState.AWAY)
    assert has(cast.ran_daye) == (Has(gift=180) if comes_back else Has())


def township_decides(**changes: object) -> None:
    supervisor = Actor("usr_second", Role.SUPERVISOR, make.TOWNSHIP)
    named = {name.replace("__", "."): value for name, value in changes.items()}
    with transaction() as session:
        rule = policies.propose(session, actor=SYSTEM, area_code=make.TOWNSHIP, starts_on=clock.today(), changes=named)
        policies.approve(session, actor=supervisor, version_id=rule.id)


def test_a_township_gives_by_its_own_age(cast: Cast, at: At) -> None:
    township_decides(gift__age_alone=90)
    for elder in (cast.ran_daye, cast.hu_daye):
        lives_alone(elder)
    at("2026-12-01 00:10")
    does(ledger.give_gifts, area_code=DISTRICT, month="2026-12")
    assert (has(cast.ran_daye), has(cast.hu_daye)) == (Has(), Has(gift=180))


def test_a_township_does_not_decide_about_the_close_and_the_fund(cast: Cast) -> None:
    for change in ({"period__close_day": 9}, {"pool__backed_minutes": 5, "gift__age_alone": 90}):
        with pytest.raises(Refused, match=r"policies\.district_decides"):
            township_decides(**change)
    rules_become(period__close_day=9)
    with reading() as session:
        assert in_force(session, make.TOWNSHIP, clock.today()).number("period.close_day") == 9
