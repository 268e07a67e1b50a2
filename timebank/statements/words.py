"""What the lines of a passbook and of a sheet are called, and the rule behind each in plain words."""

from timebank.core.minutes import spoken
from timebank.core.text import T, Text
from timebank.ledger.models import Reason
from timebank.policies.queries import Policy
from timebank.visits.models import VisitState

WAITING_WORDS: dict[VisitState, Text] = {
    VisitState.RUNNING: T("still under way: it counts once you have left"),
    VisitState.DONE: T("not in the book yet: waits until the elder's side nods"),
    VisitState.CONFIRMED: T("not in the book yet: the township looks at it"),
}


def rule_words(reason: Reason, policy: Policy) -> Text:
    """The rule that decided a line, in one or two sentences, with the figures of the policy it names."""
    if reason == Reason.EARN:
        return T(
            "A minute of help is a minute in the book, rounded down to {step} minutes; at most {most} a day.",
            step=policy.number("earn.rounding_minutes"),
            most=spoken(policy.number("earn.max_minutes_per_day")),
        )
    if reason == Reason.OVERFLOW:
        cap = spoken(policy.number("balance.cap_minutes"))
        return T("More than {cap} cannot be kept; the rest helps elders in hardship.", cap=cap)
    if reason == Reason.GIFT:
        gift = spoken(policy.number("gift.monthly_minutes"))
        return T("Elders who need it most get {gift} each month, for this month only.", gift=gift)
    if reason == Reason.TRANSFER:
        year = spoken(policy.number("transfer.max_minutes_per_year"))
        return T("Hours may go to spouse, parents, grandparents and descendants, at most {year} a year.", year=year)
    if reason == Reason.REDEEM:
        age = policy.number("redeem.min_age")
        return T("From the age of {age} hours can be drawn: what the visit took, never more than was held.", age=age)
    if reason == Reason.GROUP_SESSION and policy.choice("group.hours_mode") == "personal":
        return T("Hours of a group go to each who helped.")
    return _PLAIN[reason]


_PLAIN: dict[Reason, Text] = {
    Reason.GROUP_SESSION: T("Hours of a group go to elders in hardship."),
    Reason.GIFT_LAPSE: T("A gift counts for its month; what was not used goes back."),
    Reason.DONATION: T("Given of one's own free will to elders in hardship."),
    Reason.ESTATE: T("What somebody leaves goes to the heir, or to elders in hardship."),
    Reason.EXPIRY: T("Hours not used in time expire, as the rules of that day say."),
    Reason.OPENING: T("Taken over from the paper register; two people signed."),
    Reason.ADJUSTMENT: T("Put right by the office; two people signed, and every such entry is looked at."),
    Reason.REVERSAL: T("An entry that was wrong was taken back by its opposite."),
}
