"""What follows from a change in somebody's life, told by the features it concerns.

A feature says `@follows("visits_called_off", T("visits called off"))` above a function; when a case is opened, each of
these runs in the same unit of work, in the order of their features on the import line. People thus know nothing of
visits, beds or hours, and no feature can be forgotten by a page.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from timebank.core.actors import Actor
from timebank.core.text import Text
from timebank.people.models import Person, PersonCase

RELOCATED = "relocated"  # the kind of a case: lives behind another door of the district
RELOCATING = "relocating"  # the same, entered ahead: nothing follows before its day
Work = Callable[[Session, Actor, Person, PersonCase], int]


@dataclass(frozen=True)
class Effect:
    """One thing that follows: its code (kept with the case), what it is called, and how much of it there was."""

    code: str
    words: Text
    work: Work


_effects: dict[str, Effect] = {}


def follows(code: str, words: Text) -> Callable[[Work], Work]:
    """Declare what a feature does when a case is opened; `work(session, actor, person, case)` says how much it did.

    `case.kind` is the new state of the person (hospital, away, moved, dead, merged, or active: back home), or
    RELOCATED; `case.happened_on` the day; `case.detail` holds `until` (expected return), of merged entries `kept`, and
    of who relocated `from` and `from_area`, the home and the area before.
    """

    def declare(work: Work) -> Work:
        _effects[code] = Effect(code, words, work)
        return work

    return declare


def run(session: Session, actor: Actor, person: Person, case: PersonCase) -> None:
    """Do everything that follows from a case, and write down with the case what was done."""
    session.flush()
    done = {effect.code: effect.work(session, actor, person, case) for effect in _effects.values()}
    case.detail = {**case.detail, "done": {code: count for code, count in done.items() if count}}
    session.add(case)
    session.flush()


TakeBack = Callable[[Session, Actor, Person, Any], int]
_take_backs: dict[str, TakeBack] = {}


def remember(case: PersonCase, code: str, what: Any) -> None:
    """Keep with a case what stood before, by which an effect can be taken back (`takes_back`); ids, codes and days."""
    if what:
        case.detail = {**case.detail, "before": {**case.detail.get("before", {}), code: what}}


def takes_back(code: str) -> Callable[[TakeBack], TakeBack]:
    """Declare how an effect is taken back; `work(session, actor, person, remembered)` says how much of it."""

    def declare(work: TakeBack) -> TakeBack:
        _take_backs[code] = work
        return work

    return declare


def take_back(session: Session, actor: Actor, person: Person, case: PersonCase) -> dict[str, int]:
    """Take back what followed from a case, where something was remembered; how much of which effect came back."""
    session.flush()
    known = case.detail.get("before", {})
    done = {code: work(session, actor, person, known[code]) for code, work in _take_backs.items() if code in known}
    session.flush()
    return {code: count for code, count in done.items() if count}


def comes_back(case: PersonCase, code: str) -> bool:
    """Whether an effect of a case can be taken back, or a part of it."""
    return code in _take_backs and code in case.detail.get("before", {})


def has_left(case: PersonCase, person: Person, area_code: str) -> bool:
    """Whether somebody who relocated lives outside an area: a township, a village or a group."""
    return case.kind == RELOCATED and not person.area_code.startswith(area_code)


def has_left_township(case: PersonCase, person: Person) -> bool:
    """Whether somebody who relocated lives in another township now."""
    return case.kind == RELOCATED and has_left(case, person, str(case.detail["from_area"])[:9])


def go_along(case: PersonCase, person: Person, rows: Iterable[Any]) -> int:
    """Rows of an elder that stand in the area of the home (`area_code`) go with who relocated; how many."""
    if case.kind != RELOCATED:
        return 0
    gone = [row for row in rows if row.area_code != person.area_code]
    for row in gone:
        row.area_code = person.area_code
    return len(gone)


Find = Callable[[Session, Person], Iterable[str]]
_helpers: list[Find] = []


def helpers_known(find: Find) -> Find:
    """Declare how a feature finds who comes to an elder: `find(session, elder)` names them by person id."""
    _helpers.append(find)
    return find


def helpers_of(session: Session, elder: Person) -> list[str]:
    """Everybody who comes to an elder or looks after them for good; in stable order."""
    session.flush()
    return sorted({helper_id for find in _helpers for helper_id in find(session, elder)} - {elder.id})


_unsettled: list[Find] = []


def unsettled_known(find: Find) -> Find:
    """Declare how a feature finds what is not in the book of hours yet of somebody: `find(session, person)`."""
    _unsettled.append(find)
    return find


def unsettled_of(session: Session, person: Person) -> list[str]:
    """What somebody did, or was done for them, and is not in the book of hours yet; in stable order."""
    session.flush()
    return sorted({one for find in _unsettled for one in find(session, person)})


Stop = Callable[[Session, Actor, Person], int]
_stops: dict[str, list[Stop]] = {}


def when_withdrawn(purpose: str) -> Callable[[Stop], Stop]:
    """Declare what a feature stops when a consent is withdrawn; `work(session, actor, person)` says how much it did."""

    def declare(work: Stop) -> Stop:
        _stops.setdefault(purpose, []).append(work)
        return work

    return declare


def stop(session: Session, actor: Actor, person: Person, purpose: str) -> int:
    """Stop everything that rested on a consent, in the same unit of work (PIPL art. 15); how much that was."""
    session.flush()
    return sum(work(session, actor, person) for work in _stops.get(purpose, []))


Forget = Callable[[Session, Person], int]
_forgets: dict[str, Forget] = {}


def forgets(code: str) -> Callable[[Forget], Forget]:
    """Declare what a feature deletes of somebody when the term after their death is over; `work` says how much."""

    def declare(work: Forget) -> Forget:
        _forgets[code] = work
        return work

    return declare


def forget(session: Session, person: Person) -> dict[str, int]:
    """Delete what features keep of somebody whose term is over; how much of what there was."""
    done = {code: work(session, person) for code, work in _forgets.items()}
    return {code: count for code, count in done.items() if count}


def words_of(code: str) -> Text:
    """What an effect is called on pages."""
    return _effects[code].words if code in _effects else Text(code)
