"""A visit of today with its carers, ready to be told about; and who speaks about it."""

from collections.abc import Callable

import pytest

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At
from timebank.careplans.models import ServiceKind
from timebank.core import clock, db, ids
from timebank.core.actors import Actor, Role
from timebank.people.models import Person
from timebank.visits import operations
from timebank.visits.models import EventKind, Visit
from timebank.visits.rules import EventIn, Place

DOOR = (29.264, 107.846)  # of 陈婆婆, see factories.household
Plan = Callable[..., Visit]


def actor_of(cast: Cast, name: str) -> Actor:
    """A member of the cast as the guard would hand them to an operation."""
    roles = {
        "li": (Role.VOLUNTEER, make.VILLAGE, cast.li.id),
        "zhang": (Role.VOLUNTEER, make.VILLAGE, cast.zhang.id),
        "yang": (Role.VOLUNTEER, make.OTHER_VILLAGE, cast.yang.id),
        "wang": (Role.ASSISTANT, make.VILLAGE, cast.wang.id),
        "ran": (Role.ELDER, make.VILLAGE, cast.ran_daye.id),
        "xiaofang": (Role.ELDER, make.VILLAGE, cast.xiaofang.id),
        "zhou": (Role.COORDINATOR, make.TOWNSHIP, None),
        "wu": (Role.SUPERVISOR, make.TOWNSHIP, None),
        "sun": (Role.COORDINATOR, make.OTHER_TOWNSHIP, None),
        "tan": (Role.BUREAU, make.DISTRICT, None),
    }
    role, area_code, person_id = roles[name]
    stands_for = frozenset({cast.chen_popo.id}) if name == "xiaofang" else frozenset()
    return Actor(cast.users[name], role, area_code, person_id, stands_for)


@pytest.fixture
def planned(cast: Cast, at: At) -> Plan:
    """Make a visit to 陈婆婆 today at nine, with 李姐 invited; or whatever else is asked for. It is noon by then."""
    at("2026-11-03 12:00")

    def plan(
        *carers: Person, elder: Person | None = None, service: ServiceKind = ServiceKind.VISIT, minutes: int = 45
    ) -> Visit:
        crew = carers or (cast.li,)
        with db.transaction() as session:
            made = make.visit(
                session=session,
                elder=elder or cast.chen_popo,
                service=service,
                minutes=minutes,
                crew=len(crew),
                window=(9 * 60, 11 * 60),
            )
            return operations.assign(
                session,
                actor=actor_of(cast, "zhou"),
                visit_id=made.id,
                carers=[(person.id, 9 * 60) for person in crew],
                day_plan_id=None,
            )

    return plan


def at_door(*, north_m: float = 0, accuracy_m: float = 12) -> Place:
    """A position some metres north of 陈婆婆's door."""
    return Place(DOOR[0] + north_m / 111_195, DOOR[1], accuracy_m)


def event(visit: Visit, kind: EventKind, minute: int, **more: object) -> EventIn:
    """An event of a visit at a minute of its day, under a fresh id."""
    at = clock.at_local(visit.due_on, minute)
    return EventIn(id=ids.new_id("evt"), visit_id=visit.id, kind=kind, device_at=at, **more)  # type: ignore[arg-type]


def tell(cast: Cast, told: EventIn, who: str = "li") -> operations.EventResult:
    """Let somebody of the cast send an event."""
    person_id = {"li": cast.li.id, "zhang": cast.zhang.id, "yang": cast.yang.id}[who]
    with db.transaction() as session:
        return operations.record_event(session, actor=actor_of(cast, who), event=told, person_id=person_id)


def seen(visit: Visit) -> Visit:
    """The visit as it stands now."""
    with db.reading() as session:
        return session.get_one(Visit, visit.id)
