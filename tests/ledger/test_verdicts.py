"""Both databases give a posting the same verdict as the rule: `ledger_post` on PostgreSQL, `refusal_of` on SQLite."""

from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.campaigns.ground import HAPPENED_AT, attempt, posting, village
from timebank.core import ids
from timebank.core.actors import SYSTEM
from timebank.core.db import reading, table_of, transaction
from timebank.ledger import operations as ledger
from timebank.ledger.models import AccountKind, HourAccount, Transfer
from timebank.ledger.rules import AccountState, refusal_of

ABSENT = "acc_absent"
limits = st.none() | st.integers(-120, 120)


@dataclass(frozen=True)
class Side:
    """An account as it may stand before a posting."""

    balance: int
    held: int
    floor: int | None
    ceiling: int | None
    is_closed: bool


def sides() -> st.SearchStrategy[Side]:
    """Accounts that the table's own checks allow."""
    made = st.builds(
        Side, st.integers(-90, 90), st.integers(0, 60), limits, limits, st.sampled_from([False] * 4 + [True])
    )
    return made.filter(
        lambda side: (
            (side.floor is None or side.balance - side.held >= side.floor)
            and (side.ceiling is None or side.balance <= side.ceiling)
        )
    )


def put(accounts: list[str], made: list[Side]) -> None:
    table = table_of(HourAccount)
    with transaction() as session:
        for account_id, side in zip(accounts, made, strict=True):
            columns: dict[str, object] = {
                "balance_minutes": side.balance,
                "held_minutes": side.held,
                "floor_minutes": side.floor,
            }
            columns |= {"ceiling_minutes": side.ceiling, "closed_at": HAPPENED_AT if side.is_closed else None}
            session.connection().execute(sa.update(table).where(table.c.id == account_id).values(**columns))


def state(account_id: str, side: Side) -> AccountState:
    return AccountState(
        account_id, AccountKind.MEMBER, side.floor, side.ceiling, side.balance, side.held, side.is_closed
    )


def post(debit: str, credit: str, minutes: int) -> Transfer | str:
    key, source = f"verdict:{ids.new_id('key')} \"'\\,()", 'a "quoted" \\ source, (with all) that a row knows'
    asked = posting(key, debit, credit, minutes, source_id=source)
    return attempt(lambda session: ledger.post(session, actor=SYSTEM, posting=asked))


def balances(accounts: list[str]) -> list[int]:
    with reading() as session:
        return [session.get_one(HourAccount, account).balance_minutes for account in accounts]


def test_limits_are_those_of_the_rule(database: sa.Engine) -> None:
    first, second = sorted(village(members=2, minutes=0))

    @settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(debit=sides(), credit=sides(), minutes=st.integers(1, 200), turned=st.booleans())
    def agree(debit: Side, credit: Side, minutes: int, turned: bool) -> None:
        accounts = [second, first] if turned else [first, second]
        put(accounts, [debit, credit])
        expected = refusal_of(state(accounts[0], debit), state(accounts[1], credit), minutes)
        answer = post(accounts[0], accounts[1], minutes)
        assert (answer if isinstance(answer, str) else None) == (expected.code if expected else None)
        moved = 0 if expected else minutes
        assert balances(accounts) == [debit.balance - moved, credit.balance + moved]

    agree()


def test_the_same_again_is_the_same_also_where_it_would_not_fit_a_second_time(database: sa.Engine) -> None:
    first, second = village(members=2, minutes=60)
    asked = posting("once", first, second, 60)
    made = [attempt(lambda session: ledger.post(session, actor=SYSTEM, posting=asked)) for _ in range(2)]
    assert made[0] == made[1]
    assert balances([first, second]) == [0, 120]
    put([first, second], [Side(60, 0, 0, None, False), Side(120, 0, 0, None, False)])
    again = attempt(lambda session: ledger.post(session, actor=SYSTEM, posting=asked))
    assert (again.id if isinstance(again, Transfer) else again) == (made[0].id if isinstance(made[0], Transfer) else "")
    assert balances([first, second]) == [60, 120]


@pytest.mark.parametrize("absent", ["debit", "credit"])
def test_a_missing_account_is_named(database: sa.Engine, absent: str) -> None:
    (member,) = village(members=1, minutes=60)
    answer = post(ABSENT, member, 1) if absent == "debit" else post(member, ABSENT, 1)
    assert answer == "ledger.no_such_account"


def test_what_was_written_reads_as_it_was_asked(database: sa.Engine) -> None:
    first, second = village(members=2, minutes=60)
    made = post(first, second, 5)
    assert isinstance(made, Transfer)
    with reading() as session:
        kept = session.get_one(Transfer, made.id)
    assert (kept.key, kept.source_id, kept.journal_id) == (made.key, made.source_id, None)
    assert (kept.event_at, kept.digest) == (HAPPENED_AT, made.digest)
