"""Writing visits: planning (come into being), fieldwork (what happened), settlement (what is credited)."""

from timebank.visits.operations.derivation import bath_gates, derive
from timebank.visits.operations.fieldwork import EventResult, record_event
from timebank.visits.operations.planning import (
    GenerationReport,
    RequestIn,
    ask_for_help,
    assign,
    cancel,
    generate,
    respond,
    take,
)
from timebank.visits.operations.settlement import confirm, needs_a_look, proposed_minutes, review, settle

__all__ = [
    "EventResult",
    "GenerationReport",
    "RequestIn",
    "ask_for_help",
    "assign",
    "bath_gates",
    "cancel",
    "confirm",
    "derive",
    "generate",
    "needs_a_look",
    "proposed_minutes",
    "record_event",
    "respond",
    "review",
    "settle",
    "take",
]
