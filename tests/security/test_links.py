"""Nobody is led to a shut door: what a page offers, its reader may open (field guide §2.6: no dead ends).

And every page that stands by itself is two steps from the start at most, for every role that may open it.
"""

import re
from collections import Counter, deque
from collections.abc import Iterator
from html import unescape
from urllib.parse import urljoin, urlsplit

import pytest
from werkzeug.test import TestResponse

from tests.e2e.looking import is_page
from tests.fixtures.browsing import forms_in, gist
from tests.fixtures.site import signed_in
from tests.fixtures.standing import StandingSite
from tests.security import sweep, typed
from tests.security.sweep import EVERYBODY, Row, Somebody, rows

PAGES_OF_A_KIND = 2  # opened of one route: the same page with other things on it
MOST_STEPS = 2
HOME = "http://localhost"
INSIDE = {  # a part of something that was begun elsewhere
    "/password",  # under the reader's own name at the top of every page
    "/households/new",  # while somebody is registered
    "/village-day/unplanned-slip",  # while the day's slips are entered
}
_LINK = re.compile(r'<a [^>]*?href="([^"#]+)')
_RIGHTS = {(row.rule, row.method): row for row in rows()}


class Walk:
    """One person's walk by links from the start page to every kind of page."""

    def __init__(self, standing: StandingSite, who: Somebody) -> None:
        self.who = who
        self.visitor = signed_in(standing.app, who.login)
        self.steps = {"/": 0}  # path → clicks from the start
        self._addresses = standing.app.url_map.bind("localhost")

    def pages(self) -> Iterator[tuple[str, str, TestResponse]]:
        """Address, the page that led there, and the answer."""
        waiting, seen, opened = deque([("/", "")]), {"/"}, Counter[str]()
        while waiting:
            address, led_from = waiting.popleft()
            rule = self.row(address, "GET").rule
            if opened[rule] == PAGES_OF_A_KIND:
                continue
            opened[rule] += 1
            answer = self.visitor.get(address)
            yield address, led_from, answer
            fresh = [link for link in links_on(address, answer) if link not in seen]
            seen.update(fresh)
            here = self.steps[urlsplit(address).path]
            for link in fresh:
                self.steps.setdefault(urlsplit(link).path, here + 1)
            waiting.extend((link, address) for link in dict.fromkeys(fresh))

    def far_pages(self) -> list[str]:
        """Pages that stand by themselves and are not found within a few steps, once the walk is over."""
        mine = {row.rule for row in rows() if is_page(row) and self.who.role in row.roles and "<" not in row.rule}
        return sorted(rule for rule in mine - INSIDE if self.steps.get(rule, MOST_STEPS + 1) > MOST_STEPS)

    def shut_forms(self, address: str, page: TestResponse) -> list[str]:
        """Forms of a page whose guard refuses this person."""
        targets = [(urljoin(address, form.action or address), form.method.upper()) for form in forms_in(page.text)]
        asked = [(target, self.row(target, method)) for target, method in targets]
        return [target for target, row in asked if row.roles and self.who.role not in row.roles]

    def row(self, address: str, method: str) -> Row:
        """The line of docs/routes.md that answers an address."""
        rule, _ = self._addresses.match(urlsplit(address).path, method=method, return_rule=True)
        return _RIGHTS[rule.rule, method]


def links_on(address: str, answer: TestResponse) -> list[str]:
    """Addresses of our own that an answer leads to, built files left out."""
    if answer.location:
        found = [answer.location]
    else:
        found = _LINK.findall(answer.text) if answer.mimetype == "text/html" else []
    whole = [urlsplit(urljoin(HOME + address, unescape(link))) for link in found]
    own = [link for link in whole if f"{link.scheme}://{link.netloc}" == HOME and not link.path.startswith("/static/")]
    return [link.path + (f"?{link.query}" if link.query else "") for link in own]


@pytest.mark.parametrize("who", EVERYBODY, ids=lambda who: f"{who.role}-{who.login}")
def test_every_page_is_near_and_none_leads_to_a_shut_door(who: Somebody, standing: StandingSite) -> None:
    walk = Walk(standing, who)
    shut = []
    for address, led_from, answer in walk.pages():
        if answer.status_code >= 400:
            shut.append(f"{led_from} → {address}: {gist(answer)[:160]}")
        elif answer.mimetype == "text/html":
            shut += [f"{address} offers a form to {target}" for target in walk.shut_forms(address, answer)]
    assert not shut, "\n".join(sorted(set(shut)))
    assert not walk.far_pages(), f"{who.role} does not find these in {MOST_STEPS} steps: {walk.far_pages()}"


def test_nothing_typed_is_lost(standing: StandingSite) -> None:
    """Every form of every page comes back as it was sent when one of its fields is refused."""
    seen, wrong = set(), []
    for who in EVERYBODY:
        visitor = signed_in(standing.app, who.login)
        for row in typed.pages_of(who):
            path = sweep.address(row, standing, who, "own")
            answer = visitor.get(path)
            for form in forms_in(answer.text.partition("<main")[2]) if answer.status_code == 200 else []:
                filled, kind = typed.filled_in(form), (row.rule, *sorted(form.names))
                if form.method == "post" and filled and kind not in seen:
                    seen.add(kind)
                    wrong += [f"{row}: {fault}" for fault in typed.faults(visitor, form, path, *filled)]
    standing.restore()
    assert not wrong, "\n".join(["", *wrong])
    assert len(seen) > 30, seen  # else the pages were not found, and nothing was tried
