"""Writing people: registering, powers and consents, papers, times, and the cases of a life."""

from timebank.people.operations.cases import (
    MERGING,
    change_state,
    close_case,
    decline_merge,
    merge,
    propose_merge,
    tell_apart,
)
from timebank.people.operations.forgetting import forget
from timebank.people.operations.members import give_member_roles
from timebank.people.operations.mistakes import NOT_DEAD, take_back_death
from timebank.people.operations.moves import (
    Door,
    call_off_move,
    carry_out_moves,
    hear_of_move,
    relocate,
    tell_of_move,
)
from timebank.people.operations.papers import add_qualification, check_real_name, revoke_qualification
from timebank.people.operations.powers import give_consent, give_proxy, revoke_proxy, withdraw_consent
from timebank.people.operations.registering import NewPerson, correct_pinyin, open_household, register, take_part
from timebank.people.operations.times import come_after_all, set_availability, take_day_off

__all__ = [
    "MERGING",
    "NOT_DEAD",
    "Door",
    "NewPerson",
    "add_qualification",
    "call_off_move",
    "carry_out_moves",
    "change_state",
    "check_real_name",
    "close_case",
    "come_after_all",
    "correct_pinyin",
    "decline_merge",
    "forget",
    "give_consent",
    "give_member_roles",
    "give_proxy",
    "hear_of_move",
    "merge",
    "open_household",
    "propose_merge",
    "register",
    "relocate",
    "revoke_proxy",
    "revoke_qualification",
    "set_availability",
    "take_back_death",
    "take_day_off",
    "take_part",
    "tell_apart",
    "tell_of_move",
    "withdraw_consent",
]
