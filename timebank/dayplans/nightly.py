"""Planning many townships for one day, as many at a time as there are cores: the evening run, and the demo's."""

import logging
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial
from multiprocessing import get_context

from timebank.core import crypto, db
from timebank.core.actors import SYSTEM
from timebank.core.errors import TimebankError
from timebank.core.text import Text
from timebank.dayplans.adapter import travel
from timebank.dayplans.models import RunState
from timebank.dayplans.operations import draft_day
from timebank.dayplans.words import RUN_STATE_WORDS

log = logging.getLogger("timebank.planner")


@dataclass(frozen=True)
class Installation:
    """What each planning process opens: database, key and source of travel times."""

    database: str
    field_key: str
    travel: travel.Source


@dataclass(frozen=True)
class Planned:
    """What became of a township's day: visits without a place, or why there is no plan."""

    area_code: str
    left_out: int = 0
    refusal: Text | None = None


def plan_townships(
    area_codes: Sequence[str], *, on: date, seconds: int | None, place: Installation
) -> Iterator[Planned]:
    """Draft a day in each township, each in a unit of work of its own; what is refused hides no other.

    `seconds` are CPU seconds for each; without them policy `dispatch.seconds` decides.
    """
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), initializer=_open, initargs=(place,)) as pool:
        yield from pool.map(partial(_plan, on=on, seconds=seconds), area_codes)


def _open(place: Installation) -> None:
    crypto.use(crypto.Vault(place.field_key))
    db.use(db.make_engine(place.database))
    travel.use(place.travel)


def _plan(area_code: str, *, on: date, seconds: int | None) -> Planned:
    try:
        with db.transaction() as session:
            made = draft_day(session, actor=SYSTEM, area_code=area_code, on=on, seconds=seconds)
            return Planned(area_code, made.left_out)
    except TimebankError as refusal:
        return Planned(area_code, refusal=refusal.message)
    except Exception:
        log.exception("the day of %s could not be planned", area_code)
        return Planned(area_code, refusal=RUN_STATE_WORDS[RunState.FAILED])
