"""What counts as a group, who may be paired, how a round went. Pure.

Source: 武隆府办发〔2022〕31号 (an assistant and a team for every village, a group for every villager group, pairs,
regular rounds), field guide §3.1. The numbers that make them real (least members, elders a helper) are assumed policy.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from timebank.core.errors import BadInput, Refused
from timebank.core.text import T, Text
from timebank.mutual.models import GroupKind
from timebank.people.models import PersonState
from timebank.people.words import PERSON_STATE_WORDS

GROUP_WORDS: dict[str, Text] = {
    GroupKind.GROUP: T("mutual-help group"),
    GroupKind.TEAM: T("volunteer team"),
}
AREA_DIGITS = {GroupKind.GROUP: 14, GroupKind.TEAM: 12}  # a villager group has a group, a village has a team
TOPICS: dict[str, Text] = {
    "table": T("eating together"),
    "exercise": T("moving together"),
    "health": T("health talk"),
    "scams": T("how not to be cheated"),
    "crafts": T("handwork and songs"),
    "farm": T("help in the fields"),
    "other": T("something else"),
}
INDICATORS: dict[str, Text] = {
    "assistant": T("care assistants"),
    "team": T("volunteer teams"),
    "group": T("mutual-help groups"),
}
SHAPES: dict[str, Text] = {  # told apart without colour: shape and word
    "full": T("all there"),
    "some": T("something is missing"),
    "few": T("less than half"),
}


def why_no_knock(state: PersonState, lives_in: str, round_in: str) -> Text | None:
    """Why nobody knocks at a door of a round: the elder is gone for good, or lives outside the area of the round."""
    if state in (PersonState.DEAD, PersonState.MOVED, PersonState.MERGED):
        return PERSON_STATE_WORDS[state]
    return None if lives_in.startswith(round_in) else T("lives elsewhere now")


def name_of(kind: GroupKind, place: str, *, village: str) -> str:
    """What a group is called where nobody named it: after its place, with the village in front."""
    whole = place if place.startswith(village) else village + place
    return f"{whole}互助小组" if kind == GroupKind.GROUP else f"{whole}志愿服务队"


@dataclass(frozen=True)
class Share:
    """So many of so many that there should be."""

    has: int
    of: int

    @property
    def percent(self) -> int:
        """In percent, rounded down; 100 where nothing is asked for."""
        return self.has * 100 // self.of if self.of else 100


@dataclass(frozen=True)
class Coverage:
    """The three indicators of a place: villages with an assistant, villages with a team, villager groups with one."""

    area_code: str
    name_zh: str
    name_en: str
    lat: float
    lon: float
    shares: Mapping[str, Share]  # by code of INDICATORS

    @property
    def lowest(self) -> int:
        """The lowest of the three, in percent."""
        return min(share.percent for share in self.shares.values())

    @property
    def shape(self) -> str:
        """How the map marks the place: a code of SHAPES."""
        return "full" if self.lowest >= 100 else "some" if self.lowest >= 50 else "few"


def added(rows: Collection[Coverage]) -> dict[str, Share]:
    """The three indicators of several places together."""
    return {
        code: Share(sum(row.shares[code].has for row in rows), sum(row.shares[code].of for row in rows))
        for code in INDICATORS
    }


@dataclass(frozen=True)
class PairFacts:
    """What a pair depends on."""

    is_elder: bool
    is_volunteer: bool
    same_home: bool
    is_known: bool  # the two are paired already
    helpers_of_elder: int
    elders_of_helper: int


def check_pair(facts: PairFacts, *, helpers_per_elder: int, elders_per_helper: int) -> None:
    """Refuse a pair that is none: no elder, no volunteer, one home, known already, or too many for one person."""
    if not facts.is_elder:
        raise BadInput("mutual.not_an_elder", T("Choose a registered elder."), field="elder_id")
    if not facts.is_volunteer:
        raise BadInput("mutual.not_a_volunteer", T("Choose an active volunteer."), field="helper_id")
    if facts.same_home:
        text = T("They live in one home. A pair is help from outside.")
        raise Refused("mutual.same_home", text, field="helper_id")
    if facts.is_known:
        raise Refused("mutual.paired_already", T("These two are a pair already."), field="helper_id")
    if facts.helpers_of_elder >= helpers_per_elder:
        text = T("This elder has {most} helpers already. End one pair first.", most=helpers_per_elder)
        raise Refused("mutual.elder_has_enough", text, field="elder_id")
    if facts.elders_of_helper >= elders_per_helper:
        text = T("This helper looks after {most} elders already. Choose somebody else.", most=elders_per_helper)
        raise Refused("mutual.helper_has_enough", text, field="helper_id")


def check_attendance(helped: Collection[str], came: Collection[str]) -> None:
    """Refuse a session without helpers, and somebody who is said to be both."""
    if not helped:
        raise BadInput("mutual.nobody_helped", T("Tick who helped."), field="helped")
    if set(helped) & set(came):
        raise BadInput("mutual.both_parts", T("Somebody is ticked twice: as helper and as guest."), field="came")
