"""Writing: pairing and PINs (pairing), calendar addresses (feeds), becoming a volunteer (joining)."""

from timebank.phones.operations import leaving  # what follows from a change of life
from timebank.phones.operations.feeds import make_feed, revoke_feeds
from timebank.phones.operations.joining import ApplicationIn, agree_in_village, apply, decide
from timebank.phones.operations.pairing import Paired, enter_with_pin, make_code, pair, revoke

__all__ = [
    "ApplicationIn",
    "Paired",
    "agree_in_village",
    "apply",
    "decide",
    "enter_with_pin",
    "leaving",
    "make_code",
    "make_feed",
    "pair",
    "revoke",
    "revoke_feeds",
]
