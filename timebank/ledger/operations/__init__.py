"""Every kind of hour, each as one or more one-row transfers with a reason, a source and the policy version."""

from timebank.ledger.operations.accounts import (
    open_account,
    open_common_accounts,
    own_account,
    post,
    post_batch,
    reverse,
    two_people,
)
from timebank.ledger.operations.drawing import capture, hold, release, release_expired_holds
from timebank.ledger.operations.giving import (
    donate,
    earn,
    give_gifts,
    lapse_gifts,
    record_group_session,
    transfer_to_kin,
)
from timebank.ledger.operations.office import adjust, enter_opening, settle_estate

__all__ = [
    "adjust",
    "capture",
    "donate",
    "earn",
    "enter_opening",
    "give_gifts",
    "hold",
    "lapse_gifts",
    "open_account",
    "open_common_accounts",
    "own_account",
    "post",
    "post_batch",
    "record_group_session",
    "release",
    "release_expired_holds",
    "reverse",
    "settle_estate",
    "transfer_to_kin",
    "two_people",
]
