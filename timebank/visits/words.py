"""What services and states are called on pages and paper."""

from timebank.careplans.models import ServiceKind
from timebank.core.text import T, Text
from timebank.visits.models import EventKind, VisitState

SERVICE_WORDS: dict[str, Text] = {
    ServiceKind.VISIT: T("visit"),
    ServiceKind.MEAL: T("meal"),
    ServiceKind.BATH: T("bath"),
    ServiceKind.ESCORT: T("to the doctor"),
    ServiceKind.CHORE: T("housework"),
    ServiceKind.COMPANY: T("company"),
    ServiceKind.PHONE_CHECK: T("phone call"),
}
STATE_WORDS: dict[str, Text] = {
    VisitState.DUE: T("not planned yet"),
    VisitState.PLANNED: T("planned"),
    VisitState.RUNNING: T("under way"),
    VisitState.DONE: T("waits for the elder's nod"),
    VisitState.CONFIRMED: T("waits for review"),
    VisitState.SETTLED: T("hours are in the book"),
    VisitState.UNREACHED: T("nobody answered"),
    VisitState.CANCELLED: T("cancelled"),
    VisitState.REJECTED: T("not credited"),
}
GATE_WORDS: dict[str, Text] = {
    "assessment_too_old": T("the assessment is too old"),
    "no_blood_pressure": T("blood pressure has not been taken"),
    "blood_pressure": T("the blood pressure is not safe for a bath"),
    "carer_alone": T("the second carer is not there yet"),
    "contraindication": T("something speaks against a bath today"),
}
FLAG_WORDS: dict[str, Text] = {
    "arrived_late": T("sent from the phone days later"),
    "bath_gate": T("the bath began although something spoke against it"),
    "clock_skew": T("the phone's clock ran ahead"),
    "clock_went_back": T("the phone's clock was set back"),
    "code_mismatch": T("wrong six digits"),
    "copied_place": T("the very same position as at other visits"),
    "day_closed": T("closed by the office at the end of the day"),
    "disputed": T("the elder's side disagrees"),
    "impossible_travel": T("too fast from one door to the next"),
    "kin_pair": T("helper and elder are kin"),
    "late_event": T("news after the visit was closed"),
    "longer_than_planned": T("longer than planned"),
    "no_check_in": T("no arrival"),
    "no_check_out": T("no departure"),
    "not_assigned": T("somebody came who was not on the plan"),
    "out_before_in": T("departure before arrival"),
    "out_of_fence": T("far from the door"),
    "over_the_cap": T("above the cap of the day or week"),
    "place_inexact": T("position too blurred"),
    "place_too_perfect": T("position too perfect to be true"),
    "reopened": T("opened again"),
    "same_device": T("several people on one phone"),
    "same_home": T("helper and elder live in one home"),
    "sampled": T("drawn for a call-back"),
    "second_try": T("second try"),
    "two_homes_at_once": T("at two homes at once"),
}
EVENT_WORDS: dict[str, Text] = {
    EventKind.CHECK_IN: T("arrived"),
    EventKind.CHECK_OUT: T("left"),
    EventKind.TICK: T("task done"),
    EventKind.VITALS: T("blood pressure taken"),
    EventKind.NOTE: T("note"),
    EventKind.PHOTO: T("photo of a slip"),
    EventKind.NO_ANSWER: T("nobody answered"),
    EventKind.CANCELLED: T("cancelled"),
    EventKind.SOS: T("emergency"),
}
