"""Mutual help in the simulated county: groups, teams, assistants and pairs come and go by hand of the offices.

The three indicators and the share of paired elders are reckoned from lists that the script keeps of who came and went.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlmodel import Session

from tests import factories as make
from tests.campaigns.county import FIRST_ON, County, staff
from tests.visits.world import at
from timebank.auth import operations as auth
from timebank.core import clock
from timebank.core.actors import SYSTEM, Role
from timebank.mutual import operations, queries
from timebank.mutual.models import GroupKind
from timebank.people.models import Person

CHANGES_ON = date(2026, 11, 12)
ASKED_ON = (CHANGES_ON - timedelta(days=1), CHANGES_ON, date(2026, 11, 30))
PLACES = {  # township → its villages and villager groups
    make.TOWNSHIP: ((make.VILLAGE, make.NEXT_VILLAGE), (make.GROUP, make.NEXT_GROUP)),
    make.OTHER_TOWNSHIP: ((make.OTHER_VILLAGE,), (make.OTHER_GROUP,)),
}
SIZES = {  # who is called together on the first day: place → how many; three are enough
    make.GROUP: 4,
    make.VILLAGE: 3,
    make.OTHER_GROUP: 3,
    make.OTHER_VILLAGE: 2,
}
Indicators = dict[tuple[date, str], tuple[tuple[int, int], ...]]  # day and township → so many of so many, each
Spell = tuple[date, date]  # the first day, and the first day on which it is so no more
FOREVER = date.max


@dataclass
class Lists:
    """What the script made happen."""

    members: dict[str, dict[str, Spell]] = field(default_factory=lambda: defaultdict(dict))  # place → helper → when
    assistants: dict[str, Spell] = field(default_factory=dict)  # village → when
    pairs: dict[tuple[str, str], Spell] = field(default_factory=dict)  # elder and helper → when


class MutualHelp:
    """Groups, assistants and pairs of a county; `morning` is what happens to them on a day."""

    def __init__(self, county: County) -> None:
        self.county, self.lists = county, Lists()
        self.group_ids: dict[str, str] = {}  # place → group or team
        self.pair_ids: dict[tuple[str, str], str] = {}
        self.grant_ids: dict[str, str] = {}
        with clock.frozen(at(FIRST_ON, 0)):
            for place, size in SIZES.items():
                self._call_together(place, county.sides[place[:9]].helpers[:size])
            for village in (make.VILLAGE, make.OTHER_VILLAGE):
                self._appoint(village)
            for side in county.sides.values():
                for index in range(0, len(side.elders), 2):  # every second elder; the first has two helpers
                    self._pair(side.elders[index], side.helpers[index])
                self._pair(side.elders[0], side.helpers[1])

    def _call_together(self, place: str, helpers: list[Person]) -> None:
        clerk, leader = staff(Role.COORDINATOR, place[:9]), helpers[0]
        kind = GroupKind.GROUP if len(place) == 14 else GroupKind.TEAM
        called = {"actor": clerk, "area_code": place, "kind": kind, "leader_id": leader.id}
        self.group_ids[place] = self.county.do(operations.found_group, **called).id
        for helper in helpers[1:]:
            self.county.do(operations.join, actor=clerk, group_id=self.group_ids[place], person_id=helper.id)
        self.lists.members[place] = {helper.id: (FIRST_ON, FOREVER) for helper in helpers}

    def _appoint(self, village: str) -> None:
        named = {"login_name": f"assistant{village}", "secret": make.PASSWORD, "display_name": "助老员"}
        user = self.county.do(auth.create_user, actor=SYSTEM, **named)
        given = {"user_id": user.id, "role": Role.ASSISTANT, "area_code": village}
        self.grant_ids[village] = self.county.do(auth.give_role, actor=SYSTEM, **given).id
        self.lists.assistants[village] = (FIRST_ON, FOREVER)

    def _pair(self, elder: Person, helper: Person) -> None:
        clerk, both = staff(Role.COORDINATOR, elder.area_code[:9]), (elder.id, helper.id)
        made = self.county.do(operations.pair, actor=clerk, elder_id=elder.id, helper_id=helper.id)
        self.pair_ids[both], self.lists.pairs[both] = made.id, (FIRST_ON, FOREVER)

    def morning(self, on: date) -> None:
        """On one day each group loses a member, the other township its assistant, and pairs of first elders end: one
        helper of two in the one township, both in the other."""
        if on != CHANGES_ON:
            return
        with clock.frozen(at(on, 4 * 60)):
            for place in (make.GROUP, make.OTHER_GROUP):
                self._leave(place, on)
            self.county.do(auth.end_role, actor=SYSTEM, grant_id=self.grant_ids[make.OTHER_VILLAGE])
            self.lists.assistants[make.OTHER_VILLAGE] = (FIRST_ON, on)
            for township, helpers in ((make.TOWNSHIP, 1), (make.OTHER_TOWNSHIP, 2)):
                side = self.county.sides[township]
                for helper in side.helpers[:helpers]:
                    self._part(township, side.elders[0], helper, on)

    def _leave(self, place: str, on: date) -> None:
        clerk, last = staff(Role.COORDINATOR, place[:9]), list(self.lists.members[place])[-1]
        self.county.do(operations.leave, actor=clerk, group_id=self.group_ids[place], person_id=last)
        self.lists.members[place][last] = (FIRST_ON, on)

    def _part(self, township: str, elder: Person, helper: Person, on: date) -> None:
        both = (elder.id, helper.id)
        ended = {"pairing_id": self.pair_ids[both], "reason": "搬到城里"}
        self.county.do(operations.end_pairing, actor=staff(Role.COORDINATOR, township), **ended)
        self.lists.pairs[both] = (FIRST_ON, on)

    # — by hand —

    def by_hand(self) -> Indicators:
        """Day and township → so many of so many: assistants, teams, groups, paired elders."""
        found: Indicators = {}
        for on in ASKED_ON:
            paired = {elder_id for (elder_id, _), spell in self.lists.pairs.items() if _is_within(spell, on)}
            for township, (villages, groups) in PLACES.items():
                assisted = sum(_is_within(self.lists.assistants.get(village), on) for village in villages)
                elders = {elder.id for elder in self.county.sides[township].elders}
                found[on, township] = (
                    (assisted, len(villages)),
                    (self._real(villages, on), len(villages)),
                    (self._real(groups, on), len(groups)),
                    (len(elders & paired), len(elders)),
                )
        return found

    def _real(self, places: tuple[str, ...], on: date) -> int:
        """Places with enough people on a day."""
        least = self.county.policy.number("mutual.least_members")
        there = (
            [_is_within(spell, on) for spell in self.lists.members.get(place, {}).values()].count(True)
            for place in places
        )
        return sum(members >= least for members in there)

    # — as the software says —

    def told(self, session: Session) -> Indicators:
        """The same by the software."""
        found: Indicators = {}
        for on in ASKED_ON:
            for row in queries.coverage(session, make.DISTRICT, on, level_digits=9):
                pairs = queries.count_pairs(session, row.area_code, on)
                shares = [*(row.shares[name] for name in ("assistant", "team", "group")), pairs]
                found[on, row.area_code] = tuple((share.has, share.of) for share in shares)
        return found


def _is_within(spell: Spell | None, on: date) -> bool:
    return spell is not None and spell[0] <= on < spell[1]
