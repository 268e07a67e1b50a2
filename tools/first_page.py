"""Measure the volunteer's first page as an old phone in a valley sees it.

    .venv/bin/python tools/first_page.py ADDRESS LOGIN SECRET [--chromium PATH]

Chromium with a slowed network (1.6 Mbit/s down, 0.75 up, 300 ms a round trip: the 3G profile of WebPageTest) and the
processor at a quarter; nothing kept from before. Prints bytes of script and style as gzip carries them, when the first
byte came, when something was seen, until when the page can be used (load event ended), and how much processor time the
page itself took at a quarter of the speed (its own ticks, so that other work on the machine does not count).
"""

import argparse
import gzip
import json
import sys
from typing import Any

from playwright.sync_api import Page, sync_playwright

DOWN_BYTES, UP_BYTES, ROUND_TRIP_MS, SLOWER = 1_600_000 // 8, 750_000 // 8, 300, 4
SIZE = {"width": 360, "height": 780}


def main(argv: list[str]) -> None:
    """Measure and print one row a visit, as JSON."""
    asked = argparse.ArgumentParser(description=__doc__)
    for name in ("address", "login", "secret"):
        asked.add_argument(name)
    asked.add_argument("--chromium", default="/usr/bin/chromium")
    given = asked.parse_args(argv)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=given.chromium, args=["--no-sandbox"])
        context = browser.new_context(viewport=SIZE, device_scale_factor=2, is_mobile=True, has_touch=True)
        page = context.new_page()
        page.goto(f"{given.address}/sign-in")
        page.fill("[name=login_name]", given.login)
        page.fill("[name=secret]", given.secret)
        page.click("main button")
        page.wait_for_load_state()
        for number, visit in enumerate(("first visit", "next visit")):
            print(json.dumps({"case": visit} | _visited(page, f"{given.address}/today", is_first=number == 0)))
        browser.close()


def _visited(page: Page, address: str, *, is_first: bool) -> dict[str, Any]:
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    if is_first:
        devtools.send("Network.clearBrowserCache")
        devtools.send("Network.setBypassServiceWorker", {"bypass": True})
    network = {"offline": False, "latency": ROUND_TRIP_MS}
    devtools.send(
        "Network.emulateNetworkConditions",
        network | {"downloadThroughput": DOWN_BYTES, "uploadThroughput": UP_BYTES},
    )
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
    sizes: dict[str, int] = {}

    def weigh(response: Any) -> None:
        if response.ok and response.request.resource_type in ("script", "stylesheet"):
            sizes[response.url] = len(gzip.compress(response.body(), 9))

    page.on("response", weigh)
    before = _busy_seconds(devtools)
    page.goto(address, wait_until="load")
    busy = _busy_seconds(devtools) - before
    timing = page.evaluate(
        "() => { const [t] = performance.getEntriesByType('navigation');"
        " const [seen] = performance.getEntriesByName('first-contentful-paint');"
        " return {first_byte_ms: Math.round(t.responseStart), seen_ms: Math.round(seen?.startTime ?? 0),"
        " usable_ms: Math.round(t.loadEventEnd)} }"
    )
    page.remove_listener("response", weigh)
    weight = {"script_and_style_gzip_bytes": sum(sizes.values()), "files": len(sizes)}
    return weight | timing | {"processor_ms": round(1_000 * SLOWER * busy)}


def _busy_seconds(devtools: Any) -> float:
    found = devtools.send("Performance.getMetrics")["metrics"]
    return float(next(row["value"] for row in found if row["name"] == "TaskDuration"))


if __name__ == "__main__":
    main(sys.argv[1:])
