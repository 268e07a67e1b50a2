"""The menu of each role: what it works with every day, in the reader's language; the start page leads to the rest."""

from collections.abc import Iterable
from dataclasses import dataclass

from flask import request, url_for

from timebank.core.actors import Role
from timebank.core.i18n import say
from timebank.core.text import T, Text


@dataclass(frozen=True)
class Entry:
    """One line of the menu, for the roles that may open it."""

    endpoint: str
    text: Text
    icon: str
    roles: frozenset[Role]


def _entry(endpoint: str, text: Text, icon: str, *roles: Role) -> Entry:
    return Entry(endpoint, text, icon, frozenset(roles))


ENTRIES = (
    _entry("home.start", T("Start"), "home", *Role),
    _entry("visits.today", T("Today"), "route", Role.VOLUNTEER),
    _entry("visits.wanted", T("Help wanted"), "hands", Role.VOLUNTEER),
    _entry("family.visits_of_mine", T("Visits"), "visit", Role.ELDER),
    _entry("hours.passbook", T("My hours"), "wallet", Role.VOLUNTEER, Role.ELDER),
    _entry("dayplans.list_days", T("Day plans"), "route", Role.COORDINATOR, Role.SUPERVISOR),
    _entry("visit_desk.village_day", T("Visits of the day"), "list", Role.ASSISTANT, Role.COORDINATOR),
    _entry("reviews.review_queue", T("Reviews"), "eye", Role.COORDINATOR, Role.SUPERVISOR),
    _entry("people.list_people", T("People"), "users", Role.ASSISTANT, Role.COORDINATOR, Role.SUPERVISOR, Role.BUREAU),
    _entry("careplans.list_plans", T("Care plans"), "bed", Role.ASSISTANT, Role.COORDINATOR),
    _entry("beds.list_beds", T("Home-care beds"), "bed", Role.COORDINATOR, Role.SUPERVISOR, Role.BUREAU),
    _entry("visiting.visiting_rate", T("Visiting rate"), "chart", Role.ASSISTANT, Role.SUPERVISOR, Role.BUREAU),
    _entry("statements.list_statements", T("Statements"), "file", Role.ASSISTANT, Role.AUDITOR),
    _entry(
        "statements.list_months", T("Months"), "lock", Role.SUPERVISOR, Role.BUREAU, Role.AUDITOR, Role.ADMINISTRATOR
    ),
    _entry("statements.guarantee", T("Guarantee"), "shield", Role.BUREAU, Role.AUDITOR),
    _entry("areas.calendar", T("Calendar and roads"), "calendar", Role.COORDINATOR),
    _entry("desk.list_logins", T("Logins"), "key", Role.ADMINISTRATOR),
    _entry("desk.event_log", T("What was done"), "scroll-text", Role.AUDITOR, Role.ADMINISTRATOR),
)


def for_roles(roles: Iterable[Role]) -> list[dict[str, object]]:
    """The menu for the roles somebody holds, as `{url, text, icon, current}`."""
    held = set(roles)
    return [
        {
            "url": url_for(entry.endpoint),
            "text": say(entry.text),
            "icon": entry.icon,
            "current": request.endpoint == entry.endpoint,
        }
        for entry in ENTRIES
        if held & entry.roles
    ]
