"""What services and states are called on pages and paper."""

from timebank.careplans.models import ServiceKind
from timebank.core.text import T, Text
from timebank.visits.models import VisitState

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
FLAG_WORDS: dict[str, Text] = {
    "out_of_fence": T("far from the door"),
    "clock_skew": T("the phone's clock was wrong"),
    "code_mismatch": T("the day code was wrong"),
    "same_device": T("several people on one phone"),
    "late_event": T("something arrived after the visit was closed"),
    "disputed": T("the elder's side disagrees"),
    "no_check_in": T("no arrival"),
    "no_check_out": T("departure forgotten"),
    "out_before_in": T("left before arriving"),
    "longer_than_planned": T("longer than planned"),
    "over_the_cap": T("more than a day or week allows"),
    "sampled": T("drawn for a call-back"),
}
