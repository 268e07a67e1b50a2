"""Every page of every role, in both languages, narrow and wide: no sideways scrolling, one heading that is seen, no
refusal of the content security policy, no script error; and no barrier (axe), narrow in Chinese and wide in English.

Which pages there are is read from docs/routes.md, so a new page is looked at from its first day. An address whose page
is made of the same elements for several roles is looked at once: the browser takes a second for it, to ask takes none.
"""

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page
from sqlmodel import select

from tests.fixtures.served import AXE, NARROW, WIDE, Enter, Served
from tests.security.sweep import EVERYBODY, Row, Somebody, address, rows
from timebank.core import clock, db
from timebank.dayplans.models import PlannerRun

ROLES = {who.role.value: who for who in EVERYBODY if who.login != "deng"}
NO_PAGES = ("/api/", "/manifest", "/sw.js", "/slip-photos", "/calendars/")
NO_PAGE_ENDINGS = (".pdf", ".csv", ".xlsx", ".svg", "<string:form>", ".ics", ".png", "/root-sheet")
_seen: set[tuple[str, ...]] = set()  # what was looked at in this process: language, address, elements
_OF_THE_CASE = re.compile(r' (?:href|id|for|value|name|title|action|datetime|aria-[a-z]+by|data-[\w-]+)="[^"]*"')
AXE_OPTIONS = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
WITH_AXE = {"zh": NARROW, "en": WIDE}  # a barrier is one in either language, and axe takes longest of all
BARRIERS = """(async () => {
  // where there is nothing of the kind, axe need not ask frames, nor load every style sheet again for sounds and films
  const has = names => document.querySelector(names) !== null;
  const options = {...OPTIONS, preload: has("audio, video"), iframes: has("iframe, frame"), selectors: false};
  const found = await axe.run(document, options);
  return JSON.stringify(found.violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 160)).slice(0, 3)]));
})()""".replace("OPTIONS", json.dumps(AXE_OPTIONS))
LOOK = """JSON.stringify({
  sideways: document.scrollingElement.scrollWidth - window.innerWidth,
  headings: [...document.querySelectorAll("h1")].map(one =>
    one.checkVisibility({visibilityProperty: true}) && one.getBoundingClientRect().height > 0),
})"""


def is_page(row: Row) -> bool:
    return row.method == "GET" and not row.rule.startswith(NO_PAGES) and not row.rule.endswith(NO_PAGE_ENDINGS)


def pages_of(who: Somebody) -> list[Row]:
    return [row for row in rows() if is_page(row) and (who.role in row.roles or not row.roles)]


@cache
def axe_script() -> str:
    return AXE.read_text(encoding="utf-8")


def elements(html: str) -> list[str]:
    """What the middle of a page is made of: each kind of element once, without what it says of the case at hand."""
    middle = html[html.find("<main") : html.rfind("</main>")]
    return sorted({_OF_THE_CASE.sub("", tag) for tag in re.findall(r"<[a-z][^>]*>", middle)})


@dataclass
class Look:
    """One page looked at; what is wrong is kept with where."""

    page: Page
    wrong: list[str]
    where: str = ""

    def hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "status of 4" not in message.text:
            self.wrong.append(f"{self.where}: console says {message.text}")

    def open(self, rule: str, path: str, lang: str) -> None:
        """Open a page and look at it narrow and wide."""
        self.where = f"{path} [{lang}]"
        answer = self.page.request.get(path)
        if answer.status not in (200, 404):
            self.wrong.append(f"{self.where} answered {answer.status}")
            return
        if (made_of := (lang, rule, *elements(answer.text()))) in _seen:
            return
        _seen.add(made_of)
        self.page.goto(path)
        for viewport in (NARROW, WIDE):
            self.page.set_viewport_size(viewport)  # type: ignore[arg-type]
            self.look(f"{self.where} {viewport['width']} px")
            if viewport == WITH_AXE[lang]:
                self.page.evaluate(axe_script())
                self.wrong += [f"{self.where}: axe {barrier}" for barrier in json.loads(self.page.evaluate(BARRIERS))]

    def look(self, where: str) -> None:
        found: dict[str, Any] = json.loads(self.page.evaluate(LOOK))
        if found["sideways"] > 0:
            self.wrong.append(f"{where}: {found['sideways']} px wider than the screen")
        if found["headings"] != [True]:
            self.wrong.append(f"{where}: not one heading that is seen, but {found['headings']}")


def look_at_every_page(served: Served, enter: Enter, role: str, lang: str) -> None:
    """Open every page of a role in a language; fails with all that is wrong."""
    who = ROLES[role]
    look_through(Look(enter(who.login, lang=lang).new_page(), []), served, who, pages_of(who), lang)


def look_at_open_pages(served: Served, browser: Browser, lang: str) -> None:
    """Open what strangers may open."""
    page = browser.new_page(base_url=served.address, viewport=NARROW)  # type: ignore[arg-type]
    page.goto(f"/sign-in?lang={lang}")
    look_through(Look(page, []), served, EVERYBODY[0], [row for row in rows() if is_page(row) and not row.roles], lang)
    page.close()


def silence_planners() -> None:
    """Let the planner runs be lost: the page of a running one loads itself again while it is looked at."""
    with db.transaction() as session:
        for run in session.exec(select(PlannerRun)):
            run.seen_at = clock.now() - timedelta(hours=1)
            session.add(run)


def look_through(look: Look, served: Served, who: Somebody, pages: list[Row], lang: str) -> None:
    """Open some pages one after the other."""
    silence_planners()
    look.page.on("console", look.hear)
    look.page.on("pageerror", lambda error: look.wrong.append(f"{look.where}: script broke: {error}"))
    for row in pages:
        look.open(row.rule, address(row, served.site, who, "own"), lang)
    assert not look.wrong, "\n".join(["", *look.wrong])
