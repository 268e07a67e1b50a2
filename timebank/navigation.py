"""The menu: every page that stands by itself, in five groups; the guard of each page says who sees it there.

Members (volunteers, elders, kin) have what they use every day as a bar of few words, and the rest under *More*.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from flask import request, url_for

from timebank.auth.guards import MEMBERS, lets_in
from timebank.core.actors import Role
from timebank.core.i18n import say
from timebank.core.text import T, Text


@dataclass(frozen=True)
class Entry:
    """One page of the menu."""

    endpoint: str
    text: Text
    icon: str


@dataclass(frozen=True)
class Group:
    """Pages that belong together under one word."""

    text: Text
    icon: str
    entries: tuple[Entry, ...]


def _entry(endpoint: str, text: Text, icon: str) -> Entry:
    return Entry(endpoint, text, icon)


START = _entry("home.start", T("Start"), "home")
GROUPS = (
    Group(
        T("Today"),
        "route",
        (
            _entry("visits.today", T("Today"), "route"),
            _entry("visits.wanted", T("Help wanted"), "hands"),
            _entry("meals.my_round", T("My meal round"), "meal"),
            _entry("alarm.needed", T("You are needed"), "siren"),
            _entry("notices.mine", T("What has changed"), "calendar"),
            _entry("family.visits_of_mine", T("Visits"), "visit"),
            _entry("family.ask_form", T("Ask for help"), "hands"),
            _entry("alarm.sos", T("Call for help"), "siren"),
            _entry("visit_desk.village_day", T("Visits of the day"), "list"),
            _entry("dayplans.list_days", T("Day plans"), "route"),
            _entry("ahead.look", T("Looking ahead"), "calendar"),
            _entry("dayplans.close_list", T("Close the day"), "check"),
            _entry("reviews.review_queue", T("Reviews"), "eye"),
            _entry("visiting.searches", T("Not reached"), "alert"),
            _entry("emergency.desk", T("Emergencies"), "siren"),
        ),
    ),
    Group(
        T("Care"),
        "bed",
        (
            _entry("people.list_people", T("People"), "users"),
            _entry("cases.list_cases", T("Changes of life"), "list"),
            _entry("assessments.list_assessments", T("Assessments"), "list"),
            _entry("assessments.figures", T("Levels of dependency"), "chart"),
            _entry("careplans.list_plans", T("Care plans"), "file"),
            _entry("month_visits.month_visits", T("Visits of the month"), "calendar"),
            _entry("visiting.visiting_list", T("Who is to be visited"), "visit"),
            _entry("visiting.visiting_rate", T("Visiting rate"), "chart"),
            _entry("meals.kitchens", T("Meals for elders"), "meal"),
            _entry("escorts.list_escorts", T("To the doctor"), "escort"),
            _entry("beds.list_beds", T("Home-care beds"), "bed"),
            _entry("bed_figures.hazards", T("Hazards and inspections"), "alert"),
            _entry("bed_family.my_care", T("Care at home"), "bed"),
        ),
    ),
    Group(
        T("Mutual"),
        "hands",
        (
            _entry("mutual.overview", T("Mutual help"), "users"),
            _entry("mutual.list_pairs", T("Pairs"), "hands"),
            _entry("volunteers.overview", T("Volunteers"), "hands"),
            _entry("applications.list_applications", T("Who wants to help"), "plus"),
            _entry("volunteers.honours", T("Roll of honour"), "smile"),
            _entry("emergency.duty", T("Duty list"), "clock"),
            _entry("readiness.call_ups", T("Call-ups"), "phone"),
            _entry("readiness.drills", T("Drills"), "list"),
        ),
    ),
    Group(
        T("Books"),
        "wallet",
        (
            _entry("hours.passbook", T("My hours"), "wallet"),
            _entry("statements.list_statements", T("Statements"), "file"),
            _entry("certificates.own_certificates", T("Certificates of service"), "file"),
            _entry("certificates.desk", T("Certificates of service"), "file"),
            _entry("certificates.publicity_list", T("Certificates to be issued"), "list"),
            _entry("hours_desk.list_entries", T("Entries of the office"), "shield"),
            _entry("hours_desk.list_disputes", T("Lines that members question"), "alert"),
            _entry("statements.list_months", T("Months"), "lock"),
            _entry("statements.guarantee", T("Guarantee"), "shield"),
        ),
    ),
    Group(
        T("Setup"),
        "book-open",
        (
            _entry("me.show", T("My times and days off"), "calendar"),
            _entry("volunteers.own", T("What I may do"), "shield"),
            _entry("areas.calendar", T("Calendar and roads"), "calendar"),
            _entry("places.list_places", T("Places of service"), "map"),
            _entry("policies.rules_in_force", T("Rules"), "book-open"),
            _entry("phones.list_phones", T("Phones"), "phone"),
            _entry("handover.list_colleagues", T("Change of hands"), "users"),
            _entry("exchange.people_form", T("Take over a register"), "upload"),
            _entry("desk.list_logins", T("Logins"), "key"),
            _entry("desk.event_log", T("What was done"), "scroll-text"),
        ),
    ),
)
_BAR = {
    Role.VOLUNTEER: ("visits.today", "visits.wanted", "hours.passbook"),
    Role.ELDER: ("family.visits_of_mine", "hours.passbook"),
}


def for_roles(held: frozenset[Role]) -> list[dict[str, object]]:
    """The menu of somebody who holds some roles: links `{url, text, icon, current}` and groups with their `links`."""
    if not held:
        return []
    groups = [(group, [entry for entry in group.entries if lets_in(held, entry.endpoint)]) for group in GROUPS]
    if held <= set(MEMBERS):
        return _of_members(held, [entry for _, entries in groups for entry in entries])
    return [_link(START)] + [_folded(group.text, group.icon, entries) for group, entries in groups if entries]


def _of_members(held: frozenset[Role], entries: list[Entry]) -> list[dict[str, object]]:
    named = dict.fromkeys(endpoint for role in _BAR if role in held for endpoint in _BAR[role])
    bar = [entry for entry in entries if entry.endpoint in named]
    rest = [entry for entry in entries if entry.endpoint not in named]
    return [*(_link(entry) for entry in (START, *bar)), _folded(T("More"), "list", rest)]


def _folded(text: Text, icon: str, entries: Iterable[Entry]) -> dict[str, object]:
    links = [_link(entry) for entry in entries]
    return {"text": say(text), "icon": icon, "links": links, "current": any(link["current"] for link in links)}


def _link(entry: Entry) -> dict[str, object]:
    is_current = request.endpoint == entry.endpoint
    return {"url": url_for(entry.endpoint), "text": say(entry.text), "icon": entry.icon, "current": is_current}
