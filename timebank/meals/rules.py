"""Whether a dish suits, until when one orders, and whether a meal arrived hot. Pure.

Sources: field guide §2.5 (hot food at 60 °C, a window from 11:00 to 12:30, uneaten meal as a sign); the limits are
policy `meal.*`.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from timebank.areas.rules import is_open
from timebank.core.text import T, Text
from timebank.meals.models import Menu

HOME_WINDOW = (11 * 60, 12 * 60 + 30)
HOME_MINUTES = 15
COLDEST_C, HOTTEST_C = 0, 100
DOUBT_WORDS: dict[str, Text] = {
    "too_long": T("too long in the bag"),
    "too_cool": T("not hot any more"),
}
UNEATEN = T("The last meal was not eaten. Please look how they are.")


def cooks_at_noon(opens: int | None, closes: int | None) -> bool:
    """Whether a kitchen is open while meals leave it for the doors."""
    return is_open(opens, closes, *HOME_WINDOW)


def suits(menu: Menu, diet: Collection[str]) -> bool:
    """Whether a dish is right for everything that somebody must keep to."""
    return set(diet) <= set(menu.diet)


def choose(menus: Sequence[Menu], diet: Collection[str], left: dict[str, int]) -> Menu | None:
    """The dish for a standing order: one that suits and is not sold out, the plainest first."""
    fitting = [menu for menu in menus if suits(menu, diet) and left.get(menu.id, 0) > 0]
    return min(fitting, key=lambda menu: (len(menu.diet), menu.id), default=None)


def minutes_in_bag(left_at: datetime, handed_at: datetime) -> int:
    """Full minutes from the kitchen to the door."""
    return int((handed_at - left_at).total_seconds() // 60)


def doubts(bag_minutes: int | None, handed_c: int | None, *, most_minutes: int, least_c: int) -> list[str]:
    """What was not as it should be when a meal was handed over."""
    found = []
    if bag_minutes is not None and bag_minutes > most_minutes:
        found.append("too_long")
    if handed_c is not None and handed_c < least_c:
        found.append("too_cool")
    return found
