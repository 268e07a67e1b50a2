"""The demo district has help to show on whatever day of the week it is begun."""

from datetime import date, timedelta
from random import Random

from tests.fixtures.databases import TEST_KEY
from timebank.careplans.models import CareItem, ServiceKind
from timebank.careplans.rules import due_dates
from timebank.core import crypto
from timebank.demo import people
from timebank.demo.geography import lay_out

BEGUN_ON = date(2026, 9, 1)
A_WEEK = [BEGUN_ON + timedelta(days=30 + more) for more in range(7)]


def test_every_day_of_the_week_has_visits(monkeypatch):
    # The demo publishes yesterday and today: on a Sunday or a Monday there was nothing to plan, and it did not start.
    monkeypatch.setattr(people, "ELDERS", 300)
    monkeypatch.setattr(people, "VOLUNTEERS", 40)
    monkeypatch.setattr(crypto, "_vault", crypto.Vault(TEST_KEY))
    land = lay_out(Random(1), district_code="500156")
    population = people.settle(Random(1), land.groups, today=BEGUN_ON)
    visits = [item for item in population.of(CareItem) if item.service == ServiceKind.VISIT]
    due = {
        on
        for item in visits
        for on in due_dates(item.recurrence, starts_on=BEGUN_ON, first_on=A_WEEK[0], last_on=A_WEEK[-1])
    }
    assert sorted(due) == A_WEEK
