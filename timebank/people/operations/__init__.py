"""Writing people: registering, powers and consents, papers, times, and the cases of a life."""

from timebank.people.operations.cases import (
    MERGING,
    change_state,
    close_case,
    decline_merge,
    merge,
    propose_merge,
    relocate,
    tell_apart,
)
from timebank.people.operations.papers import add_qualification, check_real_name, revoke_qualification
from timebank.people.operations.powers import give_consent, give_proxy, revoke_proxy, withdraw_consent
from timebank.people.operations.registering import NewPerson, correct_pinyin, open_household, register, take_part
from timebank.people.operations.times import come_after_all, set_availability, take_day_off

__all__ = [
    "MERGING",
    "NewPerson",
    "add_qualification",
    "change_state",
    "check_real_name",
    "close_case",
    "come_after_all",
    "correct_pinyin",
    "decline_merge",
    "give_consent",
    "give_proxy",
    "merge",
    "open_household",
    "propose_merge",
    "register",
    "relocate",
    "revoke_proxy",
    "revoke_qualification",
    "set_availability",
    "take_day_off",
    "take_part",
    "tell_apart",
    "withdraw_consent",
]
