"""What services and states are called on pages and paper."""

from timebank.careplans.models import AbsenceKind, ServiceKind
from timebank.core.text import T, Text
from timebank.visits.models import CallOutcome, EventKind, VisitState

SERVICE_WORDS: dict[str, Text] = {
    ServiceKind.VISIT: T("visit"),
    ServiceKind.MEAL: T("meal"),
    ServiceKind.BATH: T("bath"),
    ServiceKind.ESCORT: T("to the doctor"),
    ServiceKind.CHORE: T("housework"),
    ServiceKind.COMPANY: T("company"),
    ServiceKind.PHONE_CHECK: T("phone call"),
}
TASK_WORDS: dict[str, dict[str, Text]] = {  # what is ticked at a visit
    ServiceKind.VISIT: {
        "living": T("eats and sleeps well"),
        "safety": T("stove, wires, floor are safe"),
        "health": T("medicine taken"),
        "family": T("spoke of the family"),
        "needs": T("asked what is missing"),
    },
    ServiceKind.MEAL: {"handed_over": T("meal handed over hot"), "last_eaten": T("last meal was eaten")},
    ServiceKind.BATH: {
        "water": T("water is warm, not hot"),
        "room": T("room is warm"),
        "bath_end": T("dry and dressed"),
    },
    ServiceKind.ESCORT: {"at_clinic": T("at the doctor"), "medicine": T("medicine fetched"), "home": T("back home")},
    ServiceKind.CHORE: {"cleaned": T("cleaned up"), "laundry": T("laundry done"), "wood": T("wood and water fetched")},
    ServiceKind.COMPANY: {"talked": T("talked"), "walked": T("went for a walk")},
    ServiceKind.PHONE_CHECK: {"answered": T("answered and is well"), "needs": T("asked what is missing")},
}
TRAVEL_WORDS: dict[str, Text] = {"walk": T("on foot"), "moto": T("by motorbike"), "car": T("by car")}
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
ABSENCE_WORDS: dict[str, Text] = {
    AbsenceKind.WITH_FAMILY: T("with the family elsewhere"),
    AbsenceKind.FAMILY_HERE: T("the family is home and takes over"),
    AbsenceKind.HOSPITAL: T("planned stay in hospital"),
    AbsenceKind.ELSEWHERE: T("not at home"),
}
GATE_WORDS: dict[str, Text] = {
    "not_assessed": T("the elder has not been assessed yet; call the coordinator"),
    "assessment_too_old": T("the assessment is too old; call the coordinator"),
    "no_blood_pressure": T("blood pressure has not been taken"),
    "blood_pressure": T("the blood pressure is not safe for a bath"),
    "carer_alone": T("the second carer is not there yet"),
    "contraindication": T("something speaks against a bath today"),
    "no_water_temperature": T("the water has not been measured"),
    "water_temperature": T("the water is too cold or too hot"),
    "no_room_temperature": T("the room has not been measured"),
    "room_cold": T("the room is too cold"),
    "no_heating": T("in winter the room must be heated, or the bath is in the van"),
}
FLAG_WORDS: dict[str, Text] = {
    "arrived_late": T("sent from the phone days later"),
    "bath_gate": T("the bath began although something spoke against it"),
    "by_office": T("written down by somebody else"),
    "clock_skew": T("the phone's clock was wrong"),
    "clock_went_back": T("the phone's clock was set back"),
    "code_mismatch": T("wrong six digits"),
    "confirmed_by_volunteer": T("confirmed by another volunteer, not by kin"),
    "constant_accuracy": T("position always equally exact"),
    "copied_place": T("the very same position as at other visits"),
    "day_closed": T("closed by the office at the end of the day"),
    "disputed": T("the elder's side disagrees"),
    "impossible_travel": T("too fast from one door to the next"),
    "kin_pair": T("helper and elder are kin"),
    "late_event": T("news after the visit was closed"),
    "left_said_later": T("forgot to sign out and said later when"),
    "longer_than_planned": T("longer than planned"),
    "no_photo": T("no photo of the slip"),
    "no_check_in": T("no arrival"),
    "no_check_out": T("no departure"),
    "not_drawn": T("the hours held for it were gone"),
    "not_assigned": T("somebody came who was not on the plan"),
    "other_day": T("on another day than planned"),
    "other_home": T("the card of another home"),
    "out_before_in": T("departure before arrival"),
    "out_of_fence": T("far from the door"),
    "over_the_cap": T("above the cap of the day or week"),
    "papers_missing": T("a paper that this service asks for was missing"),
    "place_inexact": T("position too blurred"),
    "place_too_perfect": T("position too perfect to be true"),
    "reopened": T("was rejected before and entered anew"),
    "round_times": T("always on the full five minutes"),
    "same_device": T("several people on one phone"),
    "same_home": T("helper and elder live in one home"),
    "sampled": T("drawn for a call-back"),
    "second_try": T("second try"),
    "withdrawn": T("taken back, no care plan asks for it"),
    "unplanned": T("was not planned"),
    "two_homes_at_once": T("at two homes at once"),
}
EVENT_WORDS: dict[EventKind, Text] = {
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
VERDICT_WORDS: dict[str, Text] = {  # of day codes and door cards
    "right": T("right"),
    "wrong": T("wrong"),
    "other_day": T("of another day"),
    "locked": T("locked"),
    "other_home": T("of another home"),
}
CALL_WORDS: dict[str, Text] = {
    CallOutcome.FITS: T("it was so"),
    CallOutcome.OTHERWISE: T("it was otherwise"),
    CallOutcome.NOT_REACHED: T("could not be reached"),
}
METHOD_WORDS: dict[str, Text] = {
    "button": T("said so on the page"),
    "code": T("gave the day code"),
    "assistant": T("told the village assistant"),
    "call_back": T("was called back"),
    "paper": T("signed the slip"),
}
