"""C9: phones dark for days come back in any order, repeat themselves, die while they send; the ledger is the same.

Two villages live the same story. One sends straight away and in order; the phones of the other stay dark for one to ten
days, repeat a fifth of their entries, shuffle a tenth, and lose the answer to some of their parcels. Size n: 4 phones
with 30 entries each on each database, R: 200 phones; a seed is a run (reliability.md: 200 phones, 5 / 200 runs).
Everything goes through the pages' own interface.
"""

from collections import Counter
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from flask import Flask
from sqlmodel import select

from tests import factories as make
from tests.campaigns.conftest import Scale
from tests.campaigns.ground import told as say
from tests.fixtures.browsing import Visitor
from tests.fixtures.site import At, signed_in
from tests.visits.world import PhoneLog, Side, assistant, near, planned_visit, settle_side, supervisor
from tests.visits.world import at as instant
from timebank.core import clock, db
from timebank.core.actors import SYSTEM, Role
from timebank.ledger.models import Transfer
from timebank.statements.operations import close_month
from timebank.visits import operations, rules
from timebank.visits.models import EventKind as Kind
from timebank.visits.models import Visit, VisitEvent
from timebank.visits.rules import EventIn

VISITS = 6
FIRST_ON = date(2026, 10, 27)  # the last days fall into November, after October is closed the others are late
Told = tuple[int, int, EventIn]  # helper, visit, entry


def live(side: Side, visits: list[list[Visit]], seed: int) -> list[Told]:
    """What happens at every visit, as each phone writes it down: five entries a visit."""
    random, told = Random(seed), []
    for index, own in enumerate(visits):
        phone = PhoneLog(f"dev_{side.helpers[index].id[4:]}")
        for turn, visit in enumerate(own):
            came = visit.window_from_minute + random.uniform(0, 20)
            stay = random.uniform(30, 80)
            door = side.door(side.elders[index])
            code = {"place": near(random, door)} if random.random() < 0.8 else {}
            steps: list[tuple[Kind, float, dict[str, Any]]] = [
                (Kind.CHECK_IN, came, code),
                (Kind.TICK, came + 5, {"data": {"task": "medicine"}}),
                (Kind.NOTE, came + 9, {"data": {"note": "都好"}}),
                (Kind.VITALS, came + 12, {"data": {"systolic": random.randint(100, 150)}}),
                (Kind.CHECK_OUT, came + stay, {"place": near(random, door)}),
            ]
            told += [
                (index, turn, phone.says(visit, kind, instant(visit.due_on, minute), **more))
                for kind, minute, more in steps
            ]
    return told


def as_sent(told: EventIn) -> dict[str, Any]:
    """An entry as a phone sends it."""
    place = told.place
    return {
        "id": told.id,
        "visit_id": told.visit_id,
        "kind": told.kind.value,
        "device_at": told.device_at.isoformat(),
        "counter": told.counter,
        "place": {"lat": place.lat, "lon": place.lon, "accuracy_m": place.accuracy_m} if place else None,
        "data": dict(told.data),
    }


class Campaign:
    """Both villages on one database."""

    def __init__(self, app: Flask, *, phones: int, seed: int) -> None:
        self.app, self.phones, self.seed = app, phones, seed
        with db.transaction() as session:
            make.district(session=session)
            groups = (make.GROUP, make.NEXT_GROUP)
            self.sides = [settle_side(session, group_code=group, count=phones) for group in groups]
            self.visits = [[self._visits_of(session, side, index) for index in range(phones)] for side in self.sides]
            for number, side in enumerate(self.sides):
                for index, helper in enumerate(side.helpers):
                    name = f"helper{number}x{index}"
                    make.login(
                        session=session, name=name, role=Role.VOLUNTEER, area_code=helper.area_code[:12], person=helper
                    )

    def _visits_of(self, session: Any, side: Side, index: int) -> list[Visit]:
        days = [FIRST_ON + timedelta(days=turn) for turn in range(VISITS)]
        helper, elder = side.helpers[index], side.elders[index]
        minute = 9 * 60 + 7 * (index % 100)  # they end by midnight
        return [planned_visit(session, helper=helper, elder=elder, on=on, minute=minute) for on in days]

    def told(self) -> list[list[Told]]:
        """The same story of both villages, entry by entry."""
        return [live(side, visits, self.seed) for side, visits in zip(self.sides, self.visits, strict=True)]

    def send(self, number: int, index: int, entries: list[EventIn], visitor: Visitor | None = None) -> Counter[str]:
        """One parcel of a phone, through the interface."""
        visitor = visitor or signed_in(self.app, f"helper{number}x{index}")
        parcel = {
            "device": f"dev_{self.sides[number].helpers[index].id[4:]}",
            "events": [as_sent(one) for one in entries],
        }
        parcel["sent_at"] = clock.now().isoformat()
        answer = visitor.send_json("/api/visit-events", parcel)
        assert answer.status_code == 200, answer.text
        return Counter(result["state"] for result in answer.json["results"])  # type: ignore[index]

    def settle(self) -> None:
        """The elders are asked, the township reviews: everything that is done counts."""
        with db.transaction() as session:
            for side in self.visits:
                for visit in [visit for own in side for visit in own]:
                    operations.confirm(session, actor=assistant_of(visit), visit_id=visit.id, method="call_back")
                    operations.review(session, actor=supervisor(), visit_id=visit.id, approved=True)

    def digest(self, number: int) -> list[tuple[Any, ...]]:
        """What the ledger says of a village, in its own order: who, which visit, minutes, when, in which book."""
        names = {
            visit.id: (index, turn) for index, own in enumerate(self.visits[number]) for turn, visit in enumerate(own)
        }
        with db.reading() as session:
            found = session.exec(select(Transfer).where(Transfer.source_id.in_(names)))  # type: ignore[attr-defined]
            return sorted(
                (*names[row.source_id], row.minutes, row.event_at, row.book_month, row.reason) for row in found
            )

    def kept(self, number: int) -> Counter[str]:
        """How often each entry of a village is in the book."""
        wanted = {visit.id for own in self.visits[number] for visit in own}
        with db.reading() as session:
            return Counter(session.exec(select(VisitEvent.id).where(VisitEvent.visit_id.in_(wanted))))  # type: ignore[attr-defined]


def assistant_of(visit: Visit) -> Any:
    found = assistant()
    return type(found)(found.user_id, found.role, visit.area_code[:12])


def straight(campaign: Campaign, told: list[Told], at: At, *, singly: bool = False) -> None:
    """Each visit is sent the minute it ends; or each entry the minute it is made."""
    for key in dict.fromkeys((index, turn) for index, turn, _ in told):
        own = [entry for index, turn, entry in told if (index, turn) == key]
        for parcel in [[entry] for entry in own] if singly else [own]:
            at(parcel[-1].device_at.astimezone(clock.ZONE).strftime("%Y-%m-%d %H:%M:59"))
            campaign.send(0, key[0], parcel)


def dark(campaign: Campaign, told: list[Told], at: At, *, rename: bool = False) -> None:
    """Phones come out of the valley after one to ten days, in disorder."""
    random = Random(campaign.seed + 1)
    for index in sorted(range(campaign.phones), key=lambda _: random.random()):
        at(f"2026-11-{6 + random.randrange(10):02d} 20:{random.randrange(60):02d}")
        own = [entry for who, _, entry in told if who == index]
        visitor = signed_in(campaign.app, f"helper1x{index}")
        parcels = _parcels(random, own)
        for parcel in parcels:
            if rename:
                parcel = [
                    EventIn(**{**vars(one), "id": one.id[:-4] + f"{random.randrange(10**4):04d}"}) for one in parcel
                ]
            campaign.send(1, index, parcel, visitor)


def _parcels(random: Random, own: list[EventIn]) -> list[list[EventIn]]:
    """A queue as a dying app sends it: shuffled here and there, cut anywhere, repeated when no answer was heard."""
    queue = list(own)
    for _ in range(len(queue) // 10):
        one, other = random.randrange(len(queue)), random.randrange(len(queue))
        queue[one], queue[other] = queue[other], queue[one]
    queue += random.sample(own, len(own) // 5)
    parcels, start = [], 0
    while start < len(queue):
        size = random.randint(1, 12)
        parcel = queue[start : start + size]
        parcels.append(parcel)
        if random.random() < 0.25:  # killed before the answer: the whole parcel again
            parcels.append(parcel)
        start += size
    return parcels


@pytest.fixture
def campaign(app: Flask, at: At, scale: Scale, seed: int) -> Campaign:
    at("2026-10-26 08:00")
    return Campaign(app, phones=scale(4, 200), seed=seed)


def october_closes(at: At) -> None:
    at("2026-11-05 12:00")
    with db.transaction() as session:
        close_month(session, actor=SYSTEM, district_code=make.DISTRICT, month="2026-10")


def test_any_order_of_arrival_gives_the_same_ledger(campaign: Campaign, at: At) -> None:
    first, second = campaign.told()
    straight(campaign, first, at)
    october_closes(at)
    dark(campaign, second, at)
    at("2026-11-20 09:00")
    campaign.settle()
    for number, told in enumerate((first, second)):
        assert campaign.kept(number) == Counter(entry.id for _, _, entry in told), "each entry once, none lost"
    assert campaign.digest(1) == campaign.digest(0)
    assert len(campaign.digest(0)) == campaign.phones * VISITS
    late = [row for row in campaign.digest(1) if row[3] < clock.at_local(date(2026, 11, 1), 0)]
    assert late and {row[4] for row in late} == {"2026-11"}, "what happened in a closed month is booked in the open one"
    say("C9", seed=campaign.seed, phones=campaign.phones, entries=len(first), late=len(late), lost=0)


def test_control_phones_that_rename_what_they_repeat_are_caught(campaign: Campaign, at: At) -> None:
    told = [one for one in campaign.told()[1] if one[0] == 0]
    dark(campaign, told, at, rename=True)
    assert campaign.kept(1) != Counter(entry.id for _, _, entry in told)


def test_control_an_office_that_trusts_the_arrival_is_caught(
    campaign: Campaign, at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "happened_at", lambda device_at, server_at, offset_s=None: server_at)
    first, second = ([one for one in told if one[0] == 0] for told in campaign.told())
    straight(campaign, first, at, singly=True)
    dark(campaign, second, at)
    with db.reading() as session:
        there = [
            [operations.proposed_minutes(session, session.get_one(Visit, visit.id)) for visit in side[0]]
            for side in campaign.visits
        ]
    minutes = [[found[0] for one in side for found in one.values()] for side in there]
    assert len(minutes[0]) == VISITS
    assert minutes[0] != minutes[1]
