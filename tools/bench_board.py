"""`./run bench board`: how soon the coordinator's board answers, in a real browser, on a day of 300 visits.

A drop counts from the moment the pointer lets go to the moment the moved visit stands on the redrawn timeline, with all
that goes on beside it (the preview, the offers of every carer). The goal stands as the peer: 200 ms at the 95th
percentile. Server and browser share this machine. Drops go to any line in sight: first as on a real morning, where what
breaks a rule is taken back at once, then with the faults left standing until nearly every carer's day breaks a rule.

Then the day is published and things happen to it, one after the other: from the press of the button to the repaired day
on the screen as a difference, and the server's part alone. The goal there is a second.
"""

import argparse
import cProfile
import json
import pstats
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from playwright.sync_api import Page, sync_playwright
from waitress.server import create_server

from tests import factories as make
from tests.dayplans.township import COORDINATOR, settle, tomorrow
from tests.fixtures.databases import migrated_file
from tests.fixtures.phones import CHROMIUM, QUIET
from tests.fixtures.site import make_app
from timebank.cli import prepare_to_serve
from timebank.core import db
from timebank.core.actors import Role
from timebank.dayplans import operations
from timebank.dayplans.adapter.hand import Move
from timebank.dayplans.models import DayPlan, DayPlanState
from timebank.dayplans.operations.repair import Incident
from timebank.dayplans.queries.answers import better_places, preview
from timebank.dayplans.queries.board import board_of, changed_board, opened

GOAL_MS = 200.0
REPAIR_GOAL_MS = 1000.0
Row = dict[str, Any]


def options(arguments: Sequence[str]) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="./run bench board", description=__doc__)
    parser.add_argument("--json", metavar="FILE", help="write the rows there as well")
    parser.add_argument("--visits", type=int, default=300)
    parser.add_argument("--volunteers", type=int, default=60)
    parser.add_argument("--drops", type=int, default=60)
    parser.add_argument("--repairs", type=int, default=18)
    parser.add_argument("--seconds", type=int, default=10, help="CPU seconds for the plan that is worked on")
    parser.add_argument("--server-only", action="store_true", help="leave the browser out")
    parser.add_argument("--profile", action="store_true", help="also print where the server's time goes")
    return parser.parse_args(arguments)


@contextmanager
def office(asked: argparse.Namespace) -> Iterator[tuple[str, DayPlan]]:
    """A served township of that size with a draft of tomorrow."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "timebank.sqlite3"
        shutil.copyfile(migrated_file(), path)
        app = make_app(f"sqlite:///{path}", Path(folder) / "data")
        with db.transaction() as session:
            settle(session, visits=asked.visits, volunteers=asked.volunteers)
            make.login(session=session, name="zhou", role=Role.COORDINATOR, area_code=make.TOWNSHIP)
            on = tomorrow()
            draft = operations.draft_day(
                session, actor=COORDINATOR, area_code=make.TOWNSHIP, on=on, seconds=asked.seconds
            )
        prepare_to_serve()
        server = create_server(app, host="127.0.0.1", port=0, threads=8)
        Thread(target=server.run, daemon=True).start()
        yield f"http://127.0.0.1:{server.effective_port}", draft
        server.close()


def on_the_server(draft: DayPlan, moves: int, profile: cProfile.Profile | None) -> dict[str, list[float]]:
    """Milliseconds of the server's part alone: a move with the answer, a preview, all offers, the whole board."""
    took: dict[str, list[float]] = {"move": [], "preview": [], "offers": [], "board": []}
    with db.reading() as session:
        day = opened(session, session.get_one(DayPlan, draft.id))
    tasks = [name for name in day.places if "." not in name]
    carers = [carer.id for carer in day.problem.carers]
    for number in range(moves):
        task, carer = tasks[number * 7 % len(tasks)], carers[number * 11 % len(carers)]
        one = Move(task, carer, day.places[task].starts)
        with db.reading() as session:
            row = session.get_one(DayPlan, draft.id)
            _timed(took["offers"], lambda r=row, s=session, t=task: better_places(s, r, t))
            _timed(took["preview"], lambda r=row, s=session, m=one: preview(s, r, [m]))
        if profile:
            profile.enable()
        began = perf_counter()
        with db.transaction() as session:
            row = session.get_one(DayPlan, draft.id)
            before = opened(session, row)
            after = operations.move_by_hand(
                session, actor=COORDINATOR, day_plan_id=row.id, revision=row.revision, moves=[one]
            )
            json.dumps(changed_board(session, before, after))
        took["move"].append(1000 * (perf_counter() - began))
        if profile:
            profile.disable()
    with db.reading() as session:
        row = session.get_one(DayPlan, draft.id)
        for _ in range(5):
            _timed(took["board"], lambda: json.dumps(board_of(session, row)))
    return took


def _timed(into: list[float], act: Any) -> None:
    began = perf_counter()
    act()
    into.append(1000 * (perf_counter() - began))


@contextmanager
def board_in_browser(address: str, row: DayPlan) -> Iterator[Page]:
    """The board of a version before a coordinator who has signed in."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        page = browser.new_context(viewport={"width": 1280, "height": 900}, base_url=address).new_page()
        page.goto("/sign-in?lang=en")
        page.fill("[name=login_name]", "zhou")
        page.fill("[name=secret]", make.PASSWORD)
        page.locator("main form button").first.click()
        page.wait_for_url(lambda url: "/sign-in" not in url)
        page.goto(f"/days/{row.id}/board")
        page.wait_for_selector("#board[data-ready=yes]")
        yield page
        browser.close()


def in_the_browser(address: str, draft: DayPlan, drops: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each drop, as the page itself measured them: on a sound plan, and with faults left standing."""
    with board_in_browser(address, draft) as page:
        for number in range(drops):
            _drop(page, number)
            _undo_what_breaks(page)
        for number in range(drops):
            _drop(page, number)
        took = page.evaluate("performance.getEntriesByName('drop').map((entry) => entry.duration)")
    return took[:drops], took[drops:]


_CLOCK_REPAIRS = """
const now = () => performance.timeOrigin + performance.now();
addEventListener("submit", () => sessionStorage.setItem("pressed", now()), true);
const painted = () => requestAnimationFrame(() => setTimeout(() => {
  window.repairTook ??= now() - Number(sessionStorage.getItem("pressed"));
}));
new MutationObserver(() => {
  const changes = document.getElementById("board-changes");
  if (changes && !changes.hidden) painted();
}).observe(document, { subtree: true, childList: true, attributes: true });
"""
_SHOWN = "new Promise((tell) => setInterval(() => window.repairTook && tell(window.repairTook), 20))"
"""From the press to the frame that shows the difference, by the clock that both pages share."""


def repairs_in_the_browser(address: str, published: DayPlan, rounds: int) -> list[float]:
    """Milliseconds from the press of *Repair* to the repaired day as a difference: ill, road closed, emergency."""
    took: list[float] = []
    with board_in_browser(address, published) as page:
        page.add_init_script(_CLOCK_REPAIRS)
        for number in range(rounds):
            kind = ("ill", "road", "sos")[number % 3]
            page.goto(f"/days/{published.id}/board")
            page.wait_for_selector("#board[data-ready=yes]")
            page.locator(f"[data-incident={kind}]").click()
            if kind != "road":  # there is one road between the two villages, and the form names it
                person = page.locator("#board-dialog select").last
                person.locator("option").nth(number // 3).wait_for(state="attached")
                person.select_option(index=number // 3)
            page.locator("#board-dialog button.main").click(no_wait_after=True)
            page.wait_for_url(lambda url: published.id not in url, wait_until="commit")
            page.locator("#board-changes").wait_for()
            took.append(page.evaluate(_SHOWN))
    return took


def repairs_on_the_server(published: DayPlan, rounds: int) -> list[float]:
    """Milliseconds of the operation alone, for carers who fall ill one after the other."""
    took: list[float] = []
    with db.reading() as session:
        day = opened(session, session.get_one(DayPlan, published.id))
    for carer in [route.carer for route in day.plan.routes if route.stops][:rounds]:
        began = perf_counter()
        with db.transaction() as session:
            ill = Incident("ill", carer=carer)
            operations.repair(session, actor=COORDINATOR, day_plan_id=published.id, incident=ill)
        took.append(1000 * (perf_counter() - began))
    return took


def _published(draft: DayPlan, seconds: int) -> DayPlan:
    """The day of the draft as the planner left it, published: what hands have done to the draft is put aside."""
    with db.transaction() as session:
        operations.discard(session, actor=COORDINATOR, day_plan_id=draft.id)
        fresh = operations.draft_day(
            session, actor=COORDINATOR, area_code=draft.area_code, on=draft.on, seconds=seconds
        )
        row = operations.publish_day(session, actor=COORDINATOR, day_plan_id=fresh.id, revision=fresh.revision)
    assert row.state == DayPlanState.PUBLISHED
    return row


def _undo_what_breaks(page: Page) -> None:
    if page.locator("#board-faults").is_visible():
        page.locator("#board-undo").click()
        page.locator("#board-faults").wait_for(state="hidden")


def _drop(page: Page, number: int) -> None:
    """Carry a block that is in sight to another line in sight, and wait for the answer."""
    in_sight = """(what) => {
        const frame = document.querySelector('#board-timeline').getBoundingClientRect();
        return [...document.querySelectorAll(what)].map((one) => one.getBoundingClientRect())
            .filter((box) => box.top > frame.top + 30 && box.bottom < Math.min(frame.bottom, innerHeight))
            .filter((box) => box.left + 40 < frame.right)
            .map((box) => [box.left + 5, box.top + box.height / 2]);
    }"""
    blocks = page.evaluate(in_sight, ".lines g.visit rect:first-child")
    lines = page.evaluate(in_sight, ".lines g.who rect")
    x, y = blocks[number * 5 % len(blocks)]
    line = next(one[1] for one in lines[number % len(lines) :] + lines if abs(one[1] - y) > 20)
    known = page.evaluate("performance.getEntriesByName('drop').length")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 30, line, steps=5)
    page.wait_for_timeout(250)  # people look before they let go
    page.mouse.up()
    page.wait_for_function("(known) => performance.getEntriesByName('drop').length > known", arg=known)


def row_of(case: str, took: Sequence[float], goal: float | None = None) -> Row:
    """One line of the table: the 95th percentile, with the median beside it."""
    ordered = sorted(took)
    p95, p50 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], ordered[len(ordered) // 2]
    row: Row = {"case": case, "ours": "p95", "value": round(p95, 1), "unit": "ms", "p50_ms": round(p50, 1)}
    if goal is not None:
        row |= {"peer": "goal", "peer_value": goal, "ratio": round(p95 / goal, 3)}
    return row | {"samples": len(took)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write the rows where asked."""
    asked = options(sys.argv[1:] if arguments is None else arguments)
    profile = cProfile.Profile() if asked.profile else None
    with office(asked) as (address, draft):
        size = f"{asked.visits} visits"
        rows = []
        if not asked.server_only:
            sound, faulty = in_the_browser(address, draft, asked.drops)
            rows.append(row_of(f"drop in the browser, {size}", sound, GOAL_MS))
            rows.append(row_of(f"drop in the browser, {size}, faults left standing", faulty, GOAL_MS))
        for name, took in on_the_server(draft, min(asked.drops, 30), profile).items():
            rows.append(row_of(f"server, {name}, {size}", took))
        published = _published(draft, asked.seconds)
        if not asked.server_only:
            took = repairs_in_the_browser(address, published, asked.repairs)
            rows.append(row_of(f"repair in the browser, {size}", took, REPAIR_GOAL_MS))
        took = repairs_on_the_server(published, asked.repairs)
        rows.append(row_of(f"server, repair, {size}", took, REPAIR_GOAL_MS))
    for row in rows:
        ratio = f"{row['ratio']:6.2f} of {row['peer_value']:.0f} ms" if "ratio" in row else ""
        print(f"{row['case']:62} p50 {row['p50_ms']:8.1f}  p95 {row['value']:8.1f} ms  n {row['samples']:3} {ratio}")
    if profile:
        pstats.Stats(profile).sort_stats("cumulative").print_stats(45)
    if asked.json:
        Path(asked.json).write_text(json.dumps({"rows": rows}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
