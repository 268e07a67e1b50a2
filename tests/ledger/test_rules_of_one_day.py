"""Of two decisions for one day the later one counts, also when both were made in the same millisecond."""

import sqlalchemy as sa

from tests import factories as make
from timebank.core import clock, ids
from timebank.core.actors import Actor, Role
from timebank.core.db import reading, transaction
from timebank.policies import operations as policies
from timebank.policies.queries import in_force, versions_of


def decide(number: int) -> str:
    one, two = (Actor(user_id=f"usr_{name}", role=Role.BUREAU, area_code=make.DISTRICT) for name in ("a", "b"))
    with transaction() as session:
        change = {"balance.cap_minutes": 6_000 + number}
        made = policies.propose(session, actor=one, area_code=make.DISTRICT, starts_on=clock.today(), changes=change)
        session.flush()
        policies.approve(session, actor=two, version_id=made.id)
        return made.id


def test_the_later_decision_of_a_day_counts(database: sa.Engine) -> None:
    with transaction() as session:
        make.district(session=session)
    with clock.frozen(clock.now()), ids.seeded(3):
        made = [decide(number) for number in range(6)]
    with reading() as session:
        assert in_force(session, make.DISTRICT, clock.today()).number("balance.cap_minutes") == 6_005
        assert [version.id for version in versions_of(session, make.DISTRICT)] == made[::-1]
    assert made != sorted(made), "the ids alone would not tell"
