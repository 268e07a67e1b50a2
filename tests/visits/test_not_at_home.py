"""Nobody is sent to a door behind which it is known that nobody is; whoever worries may look in all the same."""

from datetime import date, timedelta

import pytest

from tests.cast import Cast
from tests.visits.conftest import actor_of
from timebank.careplans.models import AbsenceKind, ServiceKind
from timebank.core import clock, db
from timebank.core.errors import Refused
from timebank.visits import operations
from timebank.visits.operations.away import AbsenceIn


def absent(cast: Cast, kind: AbsenceKind) -> date:
    """Tell of an absence from tomorrow on for three days; its second day."""
    first = clock.today() + timedelta(days=1)
    given = AbsenceIn(cast.chen_popo.id, kind, first, first + timedelta(days=2))
    with db.transaction() as session:
        operations.enter_absence(session, actor=actor_of(cast, "wang"), absence=given)
    return first + timedelta(days=1)


def extra(cast: Cast, on: date, *, is_urgent: bool = False) -> str:
    asked = operations.ExtraIn(
        cast.chen_popo.id, ServiceKind.ESCORT, on, 540, 660, 60, source_key=f"test:{on}", is_urgent=is_urgent
    )
    with db.transaction() as session:
        return operations.add_extra(session, actor=actor_of(cast, "wang"), extra=asked).id


def help_asked(cast: Cast, on: date) -> str:
    asked = operations.RequestIn(cast.chen_popo.id, ServiceKind.CHORE, on, 540, 660, 60)
    with db.transaction() as session:
        return operations.ask_for_help(session, actor=actor_of(cast, "wang"), asked=asked).id


@pytest.mark.parametrize("kind", [AbsenceKind.HOSPITAL, AbsenceKind.WITH_FAMILY, AbsenceKind.ELSEWHERE])
@pytest.mark.parametrize("ask", [extra, help_asked])
def test_nobody_is_sent_on_a_day_of_a_known_absence(cast: Cast, ask: object, kind: AbsenceKind) -> None:
    on = absent(cast, kind)
    with pytest.raises(Refused, match="elder_away_then"):
        ask(cast, on)  # type: ignore[operator]
    assert extra(cast, on + timedelta(days=2))


def test_where_the_family_is_home_and_where_somebody_worries_one_goes_all_the_same(cast: Cast) -> None:
    assert extra(cast, absent(cast, AbsenceKind.FAMILY_HERE))
    assert extra(cast, absent(cast, AbsenceKind.ELSEWHERE), is_urgent=True)
