"""The table of who may open what, read from docs/routes.md, and the people who try every address of it."""

import re
from dataclasses import dataclass

from flask import Flask
from werkzeug.test import TestResponse

from tests import factories as make
from tests.fixtures.browsing import Visitor, gist
from tests.fixtures.source import ROOT
from tests.fixtures.standing import StandingSite, Things
from timebank.core import ids
from timebank.core.actors import Role

MEMBERS = (Role.VOLUNTEER, Role.ELDER)
AREAS = {"own": make.VILLAGE, "next": make.NEXT_VILLAGE, "far": make.OTHER_VILLAGE}
FIXED = {"month": "2026-10", "form": "sheets.csv"}
_ROW = re.compile(r"\| `(?P<rule>[^`]+)` \| (?P<method>[A-Z]+) \| (?P<roles>[a-z, ]+) \|")


@dataclass(frozen=True)
class Row:
    """One line of docs/routes.md; no roles means everybody."""

    rule: str
    method: str
    roles: frozenset[Role]

    def __str__(self) -> str:
        return f"{self.method} {self.rule}"

    @property
    def parameters(self) -> list[str]:
        """The names in the address that stand for a thing."""
        return [name for name in re.findall(r":([a-z_]+)>", self.rule) if name not in FIXED]


@dataclass(frozen=True)
class Somebody:
    """A login of the sweep: one role in one area."""

    login: str
    role: Role
    area_code: str

    def sees(self, place: str) -> bool:
        """Whether things of a place are this person's to see: offices by area, members their own."""
        return place == "own" if self.role in MEMBERS else AREAS[place].startswith(self.area_code)


EVERYBODY = (
    Somebody("li", Role.VOLUNTEER, make.VILLAGE),
    Somebody("xiaofang", Role.ELDER, make.VILLAGE),
    Somebody("wang", Role.ASSISTANT, make.VILLAGE),
    Somebody("zhou", Role.COORDINATOR, make.TOWNSHIP),
    Somebody("wu", Role.SUPERVISOR, make.TOWNSHIP),
    Somebody("tan", Role.BUREAU, make.DISTRICT),
    Somebody("luo", Role.AUDITOR, make.DISTRICT),
    Somebody("gao", Role.ADMINISTRATOR, make.DISTRICT),
    Somebody("deng", Role.ADMINISTRATOR, make.TOWNSHIP),
)


def rows() -> list[Row]:
    """Every line of docs/routes.md."""
    found = _ROW.finditer((ROOT / "docs" / "routes.md").read_text(encoding="utf-8"))
    return [Row(line["rule"], line["method"], _roles(line["roles"])) for line in found]


def _roles(words: str) -> frozenset[Role]:
    return frozenset() if words == "everybody" else frozenset(Role(word) for word in words.split(", "))


def things_for(standing: StandingSite, row: Row, who: Somebody, place: str) -> Things:
    """What stands for each parameter when somebody asks for things of a place, or for ones that are not (`absent`)."""
    things = dict(standing.things["own" if place == "absent" else place])
    if who.role == Role.VOLUNTEER:
        things["person_id"] = things["volunteer_id"]
    if row.rule.startswith("/api/days/"):
        things["visit_id"] = things["day_visit_id"]
    if "alarms" in row.rule:
        things["event_id"] = things["alarm_id"]
    if who.role == Role.ELDER:
        things |= {name.removeprefix("elders_"): value for name, value in things.items() if name.startswith("elders_")}
    return {name: _absent(value) for name, value in things.items()} if place == "absent" else things


def address(row: Row, standing: StandingSite, who: Somebody, place: str) -> str:
    """The address of a row for a thing of a place."""
    things = things_for(standing, row, who, place)

    def value(found: re.Match[str]) -> str:
        name = found[1]
        assert name in things or name in FIXED, f"tests/fixtures/standing.py makes nothing for <{name}> of {row}"
        return FIXED.get(name) or things[name]

    return re.sub(r"<[a-z()0-9=]+:([a-z_]+)>", value, row.rule)


def _absent(known: str) -> str:
    prefix = known.split("_")[0]
    return ids.new_id(prefix) if "_" in known else known[:-3] + "999"


@dataclass(frozen=True)
class Ticket:
    """What a signed-in browser holds: its cookie and its forgery token."""

    cookie: str = ""
    token: str = ""


def ticket_of(visitor: Visitor) -> Ticket:
    """The ticket of somebody who signed in."""
    cookie = visitor.get_cookie("timebank")
    assert cookie is not None
    return Ticket(cookie.value, visitor.token())


def ask(app: Flask, ticket: Ticket, row: Row, path: str, **fields: str) -> TestResponse:
    """Open or post to an address in a browser of its own that holds the ticket."""
    visitor = app.test_client()
    if ticket.cookie:
        visitor.set_cookie("timebank", ticket.cookie)
    if row.method == "POST":
        return visitor.post(path, data={"csrf_token": ticket.token, **fields})
    return visitor.get(path)


def said(answer: TestResponse) -> tuple[int, str]:
    """What somebody can tell from an answer."""
    return answer.status_code, gist(answer)
