"""What follows from a change in somebody's life, told by the features it concerns.

A feature says `@follows("visits_called_off", T("visits called off"))` above a function; when a case is opened, each of
these runs in the same unit of work, in the order of their features on the import line. People thus know nothing of
visits, beds or hours, and no feature can be forgotten by a page.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlmodel import Session

from timebank.core.actors import Actor
from timebank.core.text import Text
from timebank.people.models import Person, PersonCase

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

    `case.kind` is the new state of the person (hospital, away, moved, dead, merged, or active: back home);
    `case.happened_on` the day; `case.detail` holds `until` (expected return) and, of merged entries, `kept`.
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


def words_of(code: str) -> Text:
    """What an effect is called on pages."""
    return _effects[code].words if code in _effects else Text(code)
