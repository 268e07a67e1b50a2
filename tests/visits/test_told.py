"""A need or a hazard that a helper writes down reaches somebody who does something about it."""

import pytest

from tests.cast import Cast
from tests.fixtures.site import At, SignIn
from tests.visits.conftest import Plan, actor_of, event, tell
from timebank.core import db
from timebank.core.actors import Role
from timebank.visits import operations, queries
from timebank.visits.models import EventKind as Kind
from timebank.visits.models import Visit

WAITING = "need or hazard told at a visit waits for an answer"
TOO_LATE = "visit of which somebody told too late"


def test_what_was_seen_at_a_visit_waits_until_somebody_took_it_in_hand(
    sign_in: SignIn, planned: Plan, cast: Cast, at: At
) -> None:
    visit = planned()
    tell(cast, event(visit, Kind.CHECK_IN, 9 * 60))
    tell(cast, event(visit, Kind.NOTE, 9 * 60 + 5, data={"note": "灶台冒烟"}, counter=2))
    at("2026-11-06 08:00")
    assert "灶台冒烟" not in sign_in("sun").visit("/village-day"), "another township has no say"
    for desk in (Role.COORDINATOR, Role.ASSISTANT):
        office = sign_in(desk)
        assert WAITING in office.visit("/")
        assert "灶台冒烟" in office.visit("/village-day"), "days later, on the list of any day"
    office.submit("/village-day/alarms/" + event_id_of(office.visit("/village-day")), words="请人换了烟管")
    assert "灶台冒烟" not in office.visit("/village-day")


def event_id_of(page: str) -> str:
    return page.split("/village-day/alarms/")[1].split('"')[0]


@pytest.mark.parametrize(("decided", "said"), [("called off", "cancelled"), ("given away", "given to somebody else")])
def test_who_came_although_it_was_decided_otherwise_stands_on_the_office_list(
    sign_in: SignIn, planned: Plan, cast: Cast, at: At, decided: str, said: str
) -> None:
    """The phone says that the office looks at it: here is where it looks, until somebody wrote down what was done."""
    visit = planned()
    decide(cast, visit, decided)
    at("2026-11-06 08:00")
    told = [event(visit, kind, minute) for kind, minute in ((Kind.CHECK_IN, 540), (Kind.CHECK_OUT, 580))]
    assert {tell(cast, one).state for one in told} == {"held"}
    assert "too late" not in sign_in("sun").visit("/village-day"), "another township has no say"
    office = sign_in(Role.ASSISTANT)
    assert TOO_LATE in office.visit("/")
    page = office.visit("/village-day")
    assert said in page and page.count("/village-day/alarms/") == 1, "arrival and departure are one thing to look at"
    office.submit("/village-day/alarms/" + event_id_of(page), words="问过老人，来过，补了纸条")
    assert "too late" not in office.visit("/village-day")


def decide(cast: Cast, visit: Visit, how: str) -> None:
    office = actor_of(cast, "zhou")
    with db.transaction() as session:
        if how == "called off":
            operations.cancel(session, actor=office, visit_id=visit.id, reason="住院")
        else:
            carers = [(cast.zhang.id, 540)]
            operations.assign(session, actor=office, visit_id=visit.id, carers=carers, day_plan_id=None)


def test_what_fingers_and_keyboards_do_to_an_entry_does_not_lose_it(sign_in: SignIn, planned: Plan, at: At) -> None:
    """Full-width digits are digits, a line may break, and a code too short is a wrong code: the arrival is kept."""
    visit = planned()
    at("2026-11-03 09:10")
    code = queries.day_code(visit.household_code, visit.due_on)
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in code)
    typed = [("check_in", {"day_code": code[:5]}), ("check_in", {"day_code": f"{wide[:3]} {wide[3:]}"})]
    typed += [("note", {"data": {"note": "药吃完了\r\n要买"}}), ("note", {"data": {"note": "a\x00b"}})]
    results = [sent(sign_in, visit, number, kind, more) for number, (kind, more) in enumerate(typed)]
    assert [one["state"] for one in results] == ["accepted", "accepted", "accepted", "refused"]
    assert "six digits" in results[0]["message"] and results[1]["message"] == "Arrival is in the book."
    assert results[3]["message"].startswith("Not kept, because what was typed cannot be read.")
    with db.reading() as session:
        assert [one.data.get("code") for one in queries.events_of(session, visit.id)] == ["wrong", "right", None]


def sent(sign_in: SignIn, visit: Visit, number: int, kind: str, more: dict[str, object]) -> dict[str, str]:
    return answered(sign_in, [entry_of(visit, number, kind, more)])[0]


def entry_of(visit: Visit, number: int, kind: str, more: dict[str, object]) -> dict[str, object]:
    told = event(visit, Kind(kind), 545 + number)
    return {"id": told.id, "visit_id": visit.id, "kind": kind, "device_at": told.device_at.isoformat(), **more}


def answered(sign_in: SignIn, entries: list[dict[str, object]]) -> list[dict[str, str]]:
    answer = sign_in("li").send_json("/api/visit-events", {"device": "dev_old", "events": entries})
    results: list[dict[str, str]] = answer.get_json()["results"]
    return results


def test_one_entry_that_is_too_long_holds_up_no_other(sign_in: SignIn, planned: Plan, at: At) -> None:
    """Each entry of a queue has an answer: else the phone would take it for a dead line and send all of it for ever."""
    visit = planned()
    at("2026-11-03 09:10")
    notes = {f"note_{part}": "字" * 900 for part in range(3)}
    queue = [entry_of(visit, 0, "check_in", {}), entry_of(visit, 1, "note", {"data": notes})]
    queue.append(entry_of(visit, 2, "tick", {"data": {"task": "living"}}))
    results = answered(sign_in, queue)
    assert [(one["state"], one["code"]) for one in results] == [
        ("accepted", ""),
        ("refused", "visits.note_too_long"),
        ("accepted", ""),
    ]


@pytest.mark.parametrize("follows", ["-of-a-foreign-register", "/" + "x" * 3_000])
def test_a_foreign_code_longer_than_any_of_ours_does_not_lose_the_arrival(
    sign_in: SignIn, planned: Plan, at: At, follows: str
) -> None:
    visit = planned()
    at("2026-11-03 09:10")
    long = visit.household_code + follows
    said = sent(sign_in, visit, 0, "check_in", {"card": long, "day_code": "9" * 3_000})
    assert said["state"] == "accepted" and "another home" in said["message"]
    assert sent(sign_in, visit, 0, "check_in", {"card": long})["state"] == "accepted"
    with db.reading() as session:
        assert [one.data["card"] for one in queries.events_of(session, visit.id)] == ["other_home"] * 2
