"""When holds ended: what an installation that has some already is given, and what every end writes."""

import sqlalchemy as sa
from alembic import command

from tests.fixtures.databases import alembic_config, migrate
from timebank.core import db

ASKED, DRAWN, FREED, RUNS_OUT = (f"2026-11-{day} 01:00:00.000000" for day in ("02", "04", "05", "06"))
PEOPLE = (
    "INSERT INTO area (code, kind, name_zh, name_en, lat, lon, market_digits) "
    "VALUES ('500156', 'district', '武隆', 'Wulong', 29.3, 107.8, '')",
    *(
        "INSERT INTO houraccount (id, kind, area_code, balance_minutes, held_minutes, opened_at) "
        f"VALUES ('acc_{kind}', '{kind}', '500156', 0, 0, '{ASKED}')"
        for kind in ("member", "gift", "pool")
    ),
)


def hold(number: int, state: str, source: str, account: str = "member") -> str:
    return (
        "INSERT INTO hold (id, account_id, minutes, source_id, state, held_at, expires_at) "
        f"VALUES ('hld_{number}', 'acc_{account}', 60, '{source}', '{state}', '{ASKED}', '{RUNS_OUT}')"
    )


def freed(number: int) -> str:
    return (
        "INSERT INTO auditevent (id, at, user_id, role, action, subject_id, area_code, detail) "
        f"VALUES ('aud_{number}', '{FREED}', 'usr_1', 'bureau', 'ledger.release', 'hld_{number}', '500156', '{{}}')"
    )


A_DRAWING = (
    "INSERT INTO transfer (id, debit_account_id, credit_account_id, minutes, reason, source_id, area_code, event_at, "
    "recorded_at, recorded_by, book_month, policy_version, key, request_digest, digest) VALUES ('trf_1', 'acc_gift', "
    f"'acc_pool', 60, 'redeem', 'vis_drawn', '500156', '{ASKED}', '{DRAWN}', 'usr_1', '2026-11', 'p', 'k', 'd', 'd')"
)
BEFORE = (
    hold(1, "captured", "vis_drawn", "gift"),
    hold(2, "released", "vis_drawn"),  # the visit took less than was held
    A_DRAWING,
    hold(3, "released", "vis_freed", "gift"),
    hold(4, "released", "vis_freed"),
    freed(3),
    hold(5, "expired", "vis_told"),
    freed(5),
    hold(6, "expired", "vis_untold"),
    hold(7, "released", "vis_unknown"),
    hold(8, "waiting", "vis_waits"),
)


def test_an_installation_with_holds_learns_when_each_ended(empty_db_url: str) -> None:
    migrate(empty_db_url, "0015")
    engine = db.make_engine(empty_db_url)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        for row in (*PEOPLE, *BEFORE):
            connection.execute(sa.text(row))
    engine.dispose()
    migrate(empty_db_url, "0016")
    engine = db.make_engine(empty_db_url)
    with engine.connect() as connection:
        ended = connection.execute(sa.text("SELECT ended_at FROM hold ORDER BY id")).scalars().all()
    engine.dispose()
    assert [str(at)[:10] if at else None for at in ended] == [
        *("2026-11-04", "2026-11-04", "2026-11-05", "2026-11-05", "2026-11-05", "2026-11-06"),
        *(None, None),
    ]
    command.downgrade(alembic_config(empty_db_url), "0015")
    engine = db.make_engine(empty_db_url)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM hold")).scalar_one() == 8
    engine.dispose()
