"""Measure the volunteer's first page as an old phone in a valley sees it.

    .venv/bin/python tools/first_page.py ADDRESS LOGIN SECRET [--page /today] [--rounds 7] [--chromium PATH]

Chromium with a slowed network (1.6 Mbit/s down, 0.75 up, 300 ms a round trip: the 3G profile of WebPageTest) and the
processor at a quarter. Each round begins in a browser that keeps nothing but the sign-in, opens the page, and opens it
once more as on the next morning, when the worker is there. Prints for both, as medians with the best and the worst
round: when the page was there, when something was seen, until when it can be used (load event ended), and how much
processor time it took at a quarter of the speed (its own ticks, so that other work on the machine does not count); and
the bytes of script and style as they travelled.
"""

import argparse
import json
from collections import defaultdict
from os import getloadavg
from statistics import median
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

DOWN_BYTES, UP_BYTES, ROUND_TRIP_MS, SLOWER = 1_600_000 // 8, 750_000 // 8, 300, 4
PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 780},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
TIMES = """async () => {
  while (!performance.getEntriesByType('navigation')[0].loadEventEnd) await new Promise(done => setTimeout(done));
  const [page] = performance.getEntriesByType('navigation');
  const [seen] = performance.getEntriesByName('first-contentful-paint');
  const files = performance.getEntriesByType('resource').filter(one => /[.](js|css)[?]/.test(one.name));
  return {page_ms: page.responseEnd, seen_ms: seen?.startTime ?? 0, usable_ms: page.loadEventEnd,
          script_and_style_bytes: files.reduce((sum, one) => sum + (one.transferSize && one.encodedBodySize), 0)};
}"""


def main(argv: list[str] | None = None) -> None:
    """Measure and print one row a case, as JSON."""
    asked = argparse.ArgumentParser(description=__doc__)
    for name in ("address", "login", "secret"):
        asked.add_argument(name)
    asked.add_argument("--page", default="/today")
    asked.add_argument("--rounds", type=int, default=7)
    asked.add_argument("--chromium", default="/usr/bin/chromium-headless-shell")
    given = asked.parse_args(argv)
    found: dict[str, list[dict[str, float]]] = defaultdict(list)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=given.chromium, args=["--no-sandbox"])
        signed_in = _signed_in(browser, given.address, given.login, given.secret)
        for _ in range(given.rounds):
            context = browser.new_context(**PHONE, storage_state=signed_in)
            found["first visit"].append(_visited(context, given.address + given.page))
            _until_the_worker_is_there(context.pages[0])
            found["next visit"].append(_visited(context, given.address + given.page))
            context.close()
        browser.close()
    for case, rounds in found.items():
        print(json.dumps({"case": case, "rounds": len(rounds), "load": getloadavg()[0]} | _summary(rounds)))


def _signed_in(browser: Browser, address: str, login: str, secret: str) -> Any:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{address}/sign-in")
    page.fill("[name=login_name]", login)
    page.fill("[name=secret]", secret)
    page.click("main button")
    page.locator("[data-sign-out]").first.wait_for(state="attached")
    state = context.storage_state()
    context.close()
    return state


def _visited(context: BrowserContext, address: str) -> dict[str, float]:
    for old in context.pages:
        old.close()
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("Network.enable")
    speeds = {"downloadThroughput": DOWN_BYTES, "uploadThroughput": UP_BYTES}
    devtools.send("Network.emulateNetworkConditions", {"offline": False, "latency": ROUND_TRIP_MS} | speeds)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = _busy_seconds(devtools)
    page.goto(address, wait_until="load")
    busy = _busy_seconds(devtools) - before
    times: dict[str, float] = page.evaluate(TIMES)
    return times | {"processor_ms": 1_000 * SLOWER * busy}


def _until_the_worker_is_there(page: Page) -> None:
    if page.locator("#queue").count():
        page.evaluate("navigator.serviceWorker?.ready.then(() => 0)")


def _busy_seconds(devtools: Any) -> float:
    found = devtools.send("Performance.getMetrics")["metrics"]
    return float(next(row["value"] for row in found if row["name"] == "TaskDuration"))


def _summary(rounds: list[dict[str, float]]) -> dict[str, list[int]]:
    """Median, best and worst of every figure."""
    return {name: [round(pick([one[name] for one in rounds])) for pick in (median, min, max)] for name in rounds[0]}


if __name__ == "__main__":
    main()
