"""Writing day plans: planning (drafts), runs (the planner's process), hand, publishing, repair, learning."""

from timebank.dayplans.operations.hand import lock, move_by_hand, undo, unlock
from timebank.dayplans.operations.learning import learn_drives
from timebank.dayplans.operations.moving import learn_door
from timebank.dayplans.operations.notices import mark_read, mark_told
from timebank.dayplans.operations.planning import draft_day
from timebank.dayplans.operations.publishing import publish_day, take_over
from timebank.dayplans.operations.repair import discard, repair
from timebank.dayplans.operations.runs import ask_to_stop, begin_run, elapsed_seconds
from timebank.dayplans.operations.trials import begin_trial

__all__ = [
    "ask_to_stop",
    "begin_run",
    "begin_trial",
    "discard",
    "draft_day",
    "elapsed_seconds",
    "learn_door",
    "learn_drives",
    "lock",
    "mark_read",
    "mark_told",
    "move_by_hand",
    "publish_day",
    "repair",
    "take_over",
    "undo",
    "unlock",
]
