"""What comes back when a death was entered by mistake, and who does the rest where."""

from typing import NamedTuple

from timebank.core.text import T, Text


class Task(NamedTuple):
    """Something that does not come back by itself: what it is, what to do, and the page for it."""

    what: Text
    how: Text
    endpoint: str
    of_person: bool = True  # the page is one of the person


BACK: dict[str, Text] = {
    "powers_ended": T("written powers in force again"),
    "care_plans_ended": T("care plans in force again"),
    "visits_called_off": T("visits that stand again and wait for a helper"),
    "accounts_open": T("hour accounts open again"),
}
LEFT: dict[str, Task] = {
    "powers_ended": Task(
        T("written powers that stay ended"), T("Enter them again from the signed paper."), "people.show_person"
    ),
    "care_plans_ended": Task(T("care plans that stay ended"), T("Agree a new one."), "careplans.show_plan"),
    "visits_called_off": Task(
        T("visits that stay called off"),
        T("They were asked for singly, lie in the past, or something else speaks against them. Ask for help again."),
        "requests.show",
    ),
    "visits_without_carer": Task(
        T("visits that this helper does not make"),
        T("Others were asked meanwhile. Put the helper back where the day plan has room."),
        "dayplans.list_days",
        of_person=False,
    ),
    "logins_ended": Task(
        T("logins that stay ended"),
        T("An administrator opens the login under a new first password; the phone is paired anew."),
        "desk.list_logins",
        of_person=False,
    ),
    "bed_changed": Task(
        T("home-care bed that ended"), T("Open a new bed; what was lent is still listed."), "beds.of_person"
    ),
    "pairs_ended": Task(T("pairs that ended"), T("Pair them again."), "mutual.list_pairs", of_person=False),
    "groups_left": Task(
        T("groups left"), T("Let the person join their group again."), "mutual.overview", of_person=False
    ),
    "shifts_ended": Task(T("duty shifts that ended"), T("Enter the duty again."), "emergency.duty", of_person=False),
    "searches_ended": Task(
        T("searches that ended"), T("Note when the person was last seen or reached."), "visiting.show_elder"
    ),
    "guardians_gone": Task(
        T("guardian's consents that ended"),
        T("The guardian signs again at the record of each child."),
        "people.list_people",
        of_person=False,
    ),
    "estate_lines": Task(
        T("lines of the book by which the hours were passed on"),
        T("Open each line in the book of hours and take it back there; a second person approves it."),
        "hours.passbook_of",
    ),
}
