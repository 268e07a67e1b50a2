"""C3: check-ins that are each sent one to five times by many threads, a tenth of them with other content.

Size n: 200 events by 64 threads on each database, R: 100,000 (reliability.md: 10,000 / 100,000, through HTTP).
"""

from concurrent.futures import ThreadPoolExecutor
from random import Random

import sqlalchemy as sa

from tests.campaigns.conftest import Scale
from tests.campaigns.ground import assert_sound, attempt, pool_id, posting, rows, told, village
from timebank.core.actors import SYSTEM
from timebank.ledger import operations as ledger

Sent = tuple[str, str, int, bool]  # key, account, minutes, whether it contradicts the first sending


def sendings(chance: Random, accounts: list[str], events: int) -> tuple[list[Sent], list[Sent]]:
    """The first sending of every event, and what is sent again, shuffled."""
    first = [(f"event:{number}", chance.choice(accounts), chance.randint(1, 60), False) for number in range(events)]
    again = []
    for key, account, minutes, _ in first:
        for _ in range(chance.randint(0, 4)):
            other = chance.random() < 0.1
            again.append((key, account, minutes + other, other))
    chance.shuffle(again)
    return first, again


def send(sent: list[Sent], *, key_of_sending: bool = False) -> list[str]:
    """Send everything by 64 threads; the id of the transfer or the code of the refusal for each."""
    pool = pool_id()

    def one(numbered: tuple[int, Sent]) -> str:
        number, (key, account, minutes, _) = numbered
        asked = posting(f"{key}:{number}" if key_of_sending else key, pool, account, minutes)
        return attempt(lambda session: ledger.post(session, actor=SYSTEM, posting=asked).id)

    with ThreadPoolExecutor(64) as threads:
        return list(threads.map(one, enumerate(sent)))


def test_every_event_is_posted_once_and_every_contradiction_refused(
    database: sa.Engine, chance: Random, scale: Scale
) -> None:
    events = scale(200, 100_000)
    accounts = village(members=max(8, events // 1_000), minutes=0)  # so many that neither cap nor fund is reached
    before = rows()
    first, again = sendings(chance, accounts, events)
    ids = {sent[0]: answer for sent, answer in zip(first, send(first), strict=True)}
    answers = send(again)
    wrong = [
        (sent, answer)
        for sent, answer in zip(again, answers, strict=True)
        if answer != ("ledger.key_reused" if sent[3] else ids[sent[0]])
    ]
    told("C3", events=events, sent_again=len(again), wrong=len(wrong))
    assert wrong == []
    assert rows() - before == events
    assert_sound()


def test_first_sendings_that_race_each_other_become_one(database: sa.Engine, chance: Random) -> None:
    accounts = village(members=2, minutes=0)
    before = rows()
    answers = send([("event:1", accounts[0], 60, False)] * 64)
    assert len(set(answers)) == 1
    assert rows() - before == 1
    assert_sound()


def test_control_a_key_made_anew_for_every_sending_is_caught(database: sa.Engine, chance: Random) -> None:
    accounts = village(members=2, minutes=0)
    before = rows()
    first, again = sendings(chance, accounts, 20)
    send(first + [sent for sent in again if not sent[3]], key_of_sending=True)
    assert rows() - before != 20
