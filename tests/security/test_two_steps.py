"""Every page that stands by itself is two steps from the start at most, for every role that may open it."""

import pytest

from tests.e2e.looking import is_page
from tests.fixtures.site import signed_in
from tests.fixtures.standing import StandingSite
from tests.security.sweep import EVERYBODY, Somebody, rows
from tests.security.test_links import links_on

ELSEWHERE = {  # a part of something that was begun elsewhere
    "/password",  # under the reader's own name at the top of every page
    "/households/new",  # while somebody is registered
    "/village-day/unplanned-slip",  # while the day's slips are entered
}


@pytest.mark.parametrize("who", EVERYBODY, ids=lambda who: f"{who.role}-{who.login}")
def test_every_page_is_two_steps_away(who: Somebody, standing: StandingSite) -> None:
    visitor = signed_in(standing.app, who.login)
    wanted = {row.rule for row in rows() if is_page(row) and who.role in row.roles and "<" not in row.rule}
    first = dict.fromkeys(link.split("?")[0] for link in links_on("/", visitor.get("/")))
    missing = wanted - set(first) - {"/"} - ELSEWHERE
    for page in first:
        if not missing:
            break
        missing -= {link.split("?")[0] for link in links_on(page, visitor.get(page))}
    assert not missing, f"{who.role} finds these in two steps from nowhere: {sorted(missing)}"
