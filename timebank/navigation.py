"""The menu of each role: at most six entries, named in the reader's language."""

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
    _entry("people.list_people", T("People"), "users", Role.ASSISTANT, Role.COORDINATOR, Role.SUPERVISOR, Role.BUREAU),
    _entry("areas.calendar", T("Calendar and roads"), "calendar", Role.ASSISTANT, Role.COORDINATOR, Role.SUPERVISOR),
    _entry("desk.list_logins", T("Logins"), "key", Role.ADMINISTRATOR),
    _entry("desk.event_log", T("What was done"), "scroll-text", Role.AUDITOR, Role.ADMINISTRATOR),
    _entry("policies.rules_in_force", T("Rules"), "book-open", *Role),
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
