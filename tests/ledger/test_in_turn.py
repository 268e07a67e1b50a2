"""Who waits for a connection gets the next one that comes back, whoever passes by meanwhile."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from sqlalchemy.util.queue import Empty

from tests.campaigns.ground import village
from timebank.core.pool import InTurn


def test_what_comes_back_goes_to_who_waits_longest_and_not_to_who_passes_by() -> None:
    queue = InTurn(1)
    with ThreadPoolExecutor(2) as threads:
        waiting = []
        for place in (1, 2):
            waiting.append(threads.submit(queue.get, True, 60))
            while len(queue.line) < place:
                pass
        queue.put("first", False)
        with pytest.raises(Empty):
            queue.get(False)
        queue.put("second", False)
        assert [asked.result() for asked in waiting] == ["first", "second"]
    queue.put("nobody waits", False)
    assert queue.get(False) == "nobody waits"


def test_who_waits_in_vain_is_told_and_leaves_the_line() -> None:
    queue = InTurn(1)
    with pytest.raises(Empty):
        queue.get(True, 0.001)
    queue.put("next", False)
    assert queue.get(False) == "next"


def test_a_connection_comes_back_with_nothing_open(database: sa.Engine) -> None:
    (account,) = village(members=1, minutes=60)
    ask = sa.text("SELECT balance_minutes FROM houraccount WHERE id = :id")
    raw = database.raw_connection()
    for statement in ("BEGIN", "UPDATE houraccount SET balance_minutes = 0"):
        raw.driver_connection.execute(statement)  # type: ignore[union-attr]
    raw.close()
    with database.connect() as connection:
        assert connection.execute(ask, {"id": account}).scalar_one() == 60
