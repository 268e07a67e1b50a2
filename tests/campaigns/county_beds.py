"""Home-care beds of the simulated county: a few elders of each township live a story each, from the application on.

The month of every bed is reckoned by hand from the days of its story and from the stays that the county lived through;
what the software keeps of beds, steps and visits is never read for it.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlmodel import Session

from tests import factories as make
from tests.campaigns.county import FIRST_ON, County, Stay, staff
from tests.visits.world import at
from timebank.beds import operations, queries
from timebank.beds.models import CareBed
from timebank.careplans.models import ServiceKind
from timebank.core import clock
from timebank.core.actors import Role
from timebank.core.db import reading
from timebank.people.models import Person

MONTH = "2026-11"
LAST_ON, MONTH_DAYS = date(2026, 11, 30), 30
HALF_TIME = date(2026, 11, 16)


@dataclass(frozen=True)
class Story:
    """What becomes of a bed: what its contract asks for in a whole month, and on which days it runs."""

    visits: int
    minutes: int
    begins_on: date = FIRST_ON
    rests_on: date | None = None
    goes_on_on: date | None = None
    ends_on: date = date(2027, 10, 31)

    def ran_on(self, before: date = LAST_ON + timedelta(days=1)) -> set[date]:
        """The days of the month on which the bed runs, before a day."""
        month = [FIRST_ON + timedelta(days=number) for number in range(MONTH_DAYS)]
        runs = {on for on in month if self.begins_on <= on <= self.ends_on and on < before}
        if self.rests_on and self.goes_on_on:
            runs -= {on for on in month if self.rests_on <= on < self.goes_on_on}
        return runs

    def share(self, days: int) -> tuple[int, int]:
        """Visits and minutes that so many days ask for."""
        return self.visits * days // MONTH_DAYS, self.minutes * days // MONTH_DAYS


STORIES = (
    Story(visits=2, minutes=60),  # asks little
    Story(visits=31, minutes=3_000, rests_on=date(2026, 11, 10), goes_on_on=HALF_TIME),  # asks more than anybody gives
    Story(visits=8, minutes=300, ends_on=date(2026, 11, 20)),
    Story(visits=6, minutes=260, begins_on=date(2026, 11, 5)),
)


class Beds:
    """The beds of a county; `morning` is what happens to them on a day."""

    def __init__(self, county: County) -> None:
        self.county = county
        self.stories: dict[str, tuple[str, Story]] = {}  # elder → township and story
        self.bed_ids: dict[str, str] = {}  # elder → bed
        self.due_at_half_time: dict[str, tuple[int, int]] = {}  # as the software said on that morning
        for township, side in county.sides.items():
            for elder, story in zip(side.elders, STORIES, strict=False):
                self.stories[elder.id] = (township, story)
                self._apply(township, elder, story)

    def _apply(self, township: str, elder: Person, story: Story) -> None:
        """From the application to the contract, one paper a minute."""
        signed = operations.Contract(
            "养老服务站", f"合同 {elder.id}", FIRST_ON, story.ends_on, story.visits, story.minutes
        )
        with clock.frozen(at(FIRST_ON, 0)):
            self.county.do(lambda session: make.assessment(session=session, elder=elder, level=3))
        applied: dict[str, Any] = {"elder_id": elder.id, "applied_by": elder.id}
        bed = self._step(operations.apply, township, FIRST_ON, 1, **applied)
        self.bed_ids[elder.id] = bed.id
        steps: list[tuple[Callable[..., CareBed], dict[str, Any]]] = [
            (operations.take_over_assessment, {}),
            (operations.check_home, {"adaptations": [("light", False)]}),
            (operations.sign_contract, {"contract": signed}),
        ]
        for minute, (step, given) in enumerate(steps, start=2):
            self._step(step, township, FIRST_ON, minute, bed_id=bed.id, **given)

    def _step(
        self, step: Callable[..., CareBed], township: str, on: date, minute: int, words: str = "", **given: Any
    ) -> CareBed:
        with clock.frozen(at(on, minute)):
            paper = operations.Paper(on, "床位夹", words)
            return self.county.do(step, actor=staff(Role.COORDINATOR, township), paper=paper, **given)

    def morning(self, on: date) -> None:
        """Beds begin, rest and go on as their stories want; at half time the software says what was due by then."""
        for elder_id, (township, story) in self.stories.items():
            wanted = {
                story.begins_on: (operations.begin, ""),
                story.rests_on: (operations.suspend, "住院"),
                story.goes_on_on: (operations.resume, "出院"),
            }
            if on in wanted:
                step, words = wanted[on]
                self._step(step, township, on, 4 * 60, words, bed_id=self.bed_ids[elder_id])
        if on == HALF_TIME:
            with clock.frozen(at(on, 5 * 60)), reading() as session:
                rows = queries.month_figures(session, make.DISTRICT, MONTH)
            self.due_at_half_time = {row.bed.id: (row.month.due_visits, row.month.due_minutes) for row in rows}

    # — by hand —

    def _got(self) -> dict[str, Counter[str]]:
        """Elder → visits and minutes for hours, and apart from them those paid by voucher."""
        got: dict[str, Counter[str]] = defaultdict(Counter)
        for stays in self.county.reckoned.approved:
            visit = stays[0].visit
            _, story = self.stories.get(visit.elder_id, ("", None))
            counted = [minutes for stay in stays if (minutes := self._counted(stay)) is not None]
            if story is None or visit.due_on not in story.ran_on() or visit.service == ServiceKind.MEAL or not counted:
                continue
            kind = "paid " if stays[0].is_paid else ""
            got[visit.elder_id][f"{kind}visits"] += 1
            got[visit.elder_id][f"{kind}minutes"] += max(counted)
        return got

    def _counted(self, stay: Stay) -> int | None:
        """Minutes of a stay for the bed; None where nobody told the departure and nothing was credited."""
        planned = stay.visit.duration_minutes
        if stay.minutes is not None:
            return min(stay.minutes, planned + self.county.policy.number("earn.over_planned_minutes"))
        return min(self.county.credited[stay.helper.id, stay.visit.id], planned) or None

    def by_hand(self) -> dict[str, dict[str, Any]]:
        """Bed → what its month must be."""
        got, share = self._got(), self.county.policy.number("bed.alert_percent")
        beds = {}
        for elder_id, (township, story) in self.stories.items():
            mine = got[elder_id]
            visits, minutes = mine["visits"] + mine["paid visits"], mine["minutes"] + mine["paid minutes"]
            target = story.share(len(story.ran_on()))
            beds[self.bed_ids[elder_id]] = {
                "township": township,
                "days": len(story.ran_on()),
                "target": target,
                "due at half time": story.share(len(story.ran_on(before=HALF_TIME))),
                "for hours": (mine["visits"], mine["minutes"]),
                "paid": (mine["paid visits"], mine["paid minutes"]),
                "reached": visits >= target[0] and minutes >= target[1],
                "short": visits < target[0] * share / 100 or minutes < target[1] * share / 100,
            }
        return beds

    def areas_by_hand(self) -> dict[str, tuple[int, ...]]:
        """Township → beds, reached, short, target minutes, minutes for hours, paid minutes."""
        areas: dict[str, tuple[int, ...]] = {}
        for bed in self.by_hand().values():
            mine = (1, bed["reached"], bed["short"], bed["target"][1], bed["for hours"][1], bed["paid"][1])
            so_far = areas.get(bed["township"], (0,) * len(mine))
            areas[bed["township"]] = tuple(int(a + b) for a, b in zip(so_far, mine, strict=True))
        return areas

    # — as the software says —

    def told(self, session: Session) -> dict[str, dict[str, Any]]:
        """Bed → its month by the software, after the month is over."""
        return {
            row.bed.id: {
                "township": row.elder.area_code[:9],
                "days": row.month.days,
                "target": (row.month.target_visits, row.month.target_minutes),
                "due at half time": self.due_at_half_time.get(row.bed.id),
                "for hours": (row.month.got.visits, row.month.got.minutes),
                "paid": (row.month.got.paid_visits, row.month.got.paid_minutes),
                "reached": row.month.is_reached,
                "short": row.month.is_short,
            }
            for row in queries.month_figures(session, make.DISTRICT, MONTH)
        }

    def areas_told(self, session: Session) -> dict[str, tuple[int, ...]]:
        """Township → the same by the software."""
        return {
            row.area.code: (row.beds, row.reached, row.short, row.target_minutes, row.minutes, row.paid_minutes)
            for row in queries.area_figures(session, make.DISTRICT, MONTH)
        }
