"""Writing emergencies: the alarm (opening), what the clock does (watching), who goes (going), the report (closing); the
duty list, drills and call-ups."""

from timebank.emergency.operations.callups import (
    CallUpIn,
    answer_call_up,
    call_up,
    end_call_up,
    tell_check,
)
from timebank.emergency.operations.closing import ReportIn, close_case
from timebank.emergency.operations.drills import DrillIn, record_drill
from timebank.emergency.operations.duty import add_shift, change_shift, end_shift
from timebank.emergency.operations.going import answer, ask_person, call_120, write_note
from timebank.emergency.operations.opening import alarm_at_card, open_case
from timebank.emergency.operations.watching import watch

__all__ = [
    "CallUpIn",
    "DrillIn",
    "ReportIn",
    "add_shift",
    "alarm_at_card",
    "answer",
    "answer_call_up",
    "ask_person",
    "call_120",
    "call_up",
    "change_shift",
    "close_case",
    "end_call_up",
    "end_shift",
    "open_case",
    "record_drill",
    "tell_check",
    "watch",
    "write_note",
]
