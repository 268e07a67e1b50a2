"""NUL is refused like any other wrong input, wherever it stands: no database keeps it, and none is asked with it."""

from tests.cast import Cast
from tests.factories import PASSWORD
from tests.fixtures.browsing import Visitor
from tests.fixtures.site import SignIn
from timebank.core.actors import Role


def test_nul_in_an_address_or_a_field_is_refused(cast: Cast, client: Visitor, sign_in: SignIn) -> None:
    gao, zhou = sign_in(Role.ADMINISTRATOR), sign_in(Role.COORDINATOR)
    asked = [(client, "/check/%00"), (client, "/sos/%00/0123456789abcdef"), (sign_in("li"), "/hours/%00")]
    asked += [(zhou, "/people/%00"), (gao, "/logins?words=%00"), (gao, "/events?subject_id=a%00b")]
    asked += [(zhou, "/handover?words=%00"), (zhou, "/people?words=%00")]
    answers = {path: visitor.get(path).status_code for visitor, path in asked}
    assert set(answers.values()) <= {400, 404}, answers
    client.visit("/sign-in?lang=en")
    client.submit("/sign-in", status=400, login_name="li\0", secret=PASSWORD)
    client.submit("/sign-in", login_name="li", secret=PASSWORD)
