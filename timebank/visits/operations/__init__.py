"""Writing visits: coming into being (generation, planning), what is asked for beside the care plans (extra, alarms),
what happened (fieldwork, paper, photos), the end of the day (closing), and what is credited (settlement). What a visit
is follows from all of it (derivation, suspicion)."""

from timebank.visits.operations import absence, withdrawal  # what follows from a change of life
from timebank.visits.operations.alarms import raise_alarm
from timebank.visits.operations.away import AbsenceIn, end_absence, enter_absence
from timebank.visits.operations.bulk import BulkReview, review_all
from timebank.visits.operations.callbacks import call_back
from timebank.visits.operations.closing import answer_alarm, close_day, close_forgotten, enter_departure, try_again
from timebank.visits.operations.derivation import bath_gates, derive
from timebank.visits.operations.extra import ExtraIn, add_extra, look_in
from timebank.visits.operations.fieldwork import EventResult, record_event
from timebank.visits.operations.gaps import fill_gap
from timebank.visits.operations.generation import GenerationReport, generate
from timebank.visits.operations.office import UrgentIn, call_for_help_now, keep_on_plan, withdraw
from timebank.visits.operations.paper import SlipIn, UnplannedIn, enter_slip, enter_slips, enter_unplanned
from timebank.visits.operations.photos import keep_photo, purge_photos
from timebank.visits.operations.planning import RequestIn, ask_for_help, assign, cancel, respond, take
from timebank.visits.operations.revival import NOT_HERE
from timebank.visits.operations.settlement import confirm, needs_a_look, proposed_minutes, review, settle
from timebank.visits.operations.show_up import credit_show_up

__all__ = [
    "NOT_HERE",
    "AbsenceIn",
    "BulkReview",
    "EventResult",
    "ExtraIn",
    "GenerationReport",
    "RequestIn",
    "SlipIn",
    "UnplannedIn",
    "UrgentIn",
    "absence",
    "add_extra",
    "answer_alarm",
    "ask_for_help",
    "assign",
    "bath_gates",
    "call_back",
    "call_for_help_now",
    "cancel",
    "close_day",
    "close_forgotten",
    "confirm",
    "credit_show_up",
    "derive",
    "end_absence",
    "enter_absence",
    "enter_departure",
    "enter_slip",
    "enter_slips",
    "enter_unplanned",
    "fill_gap",
    "generate",
    "keep_on_plan",
    "keep_photo",
    "look_in",
    "needs_a_look",
    "proposed_minutes",
    "purge_photos",
    "raise_alarm",
    "record_event",
    "respond",
    "review",
    "review_all",
    "settle",
    "take",
    "try_again",
    "withdraw",
    "withdrawal",
]
