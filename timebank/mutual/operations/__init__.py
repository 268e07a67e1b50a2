"""Writing mutual help: groups and who belongs to them, pairs, rounds of doors, sessions."""

from timebank.mutual.operations.groups import end_group, found_group, join, leave, name_leader
from timebank.mutual.operations.pairs import end_pairing, pair
from timebank.mutual.operations.rounds import plan_round, tell_door
from timebank.mutual.operations.sessions import SessionIn, accept_session, reject_session, tell_session

__all__ = [
    "SessionIn",
    "accept_session",
    "end_group",
    "end_pairing",
    "found_group",
    "join",
    "leave",
    "name_leader",
    "pair",
    "plan_round",
    "reject_session",
    "tell_door",
    "tell_session",
]
