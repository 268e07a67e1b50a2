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
    record_group_session,
    transfer_to_kin,
)
from timebank.ledger.operations.monthly import apply_limits, expire_hours, give_gifts, lapse_gifts
from timebank.ledger.operations.office import (
    adjust,
    end_gift,
    enter_opening,
    merge_accounts,
    settle_estate,
)
from timebank.ledger.operations.sealing import export_seals, seal_new_rows

__all__ = [
    "adjust",
    "apply_limits",
    "capture",
    "donate",
    "earn",
    "end_gift",
    "enter_opening",
    "expire_hours",
    "export_seals",
    "give_gifts",
    "hold",
    "lapse_gifts",
    "merge_accounts",
    "open_account",
    "open_common_accounts",
    "own_account",
    "post",
    "post_batch",
    "record_group_session",
    "release",
    "release_expired_holds",
    "reverse",
    "seal_new_rows",
    "settle_estate",
    "transfer_to_kin",
    "two_people",
]
