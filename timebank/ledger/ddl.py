"""What the database itself refuses: rows of the record are never changed and never deleted, on both engines.

`INSERT OR REPLACE` deletes first and would pass by unless `recursive_triggers` is on (core.db sets it).
"""

from collections.abc import Sequence

APPEND_ONLY = ("transfer", "sealedleaf", "seal", "closedmonth", "auditevent", "visitevent")
LOG = ("sealedleaf", "sealednode")  # made anew by revision 0003
RECORD = (*APPEND_ONLY, "sealednode")
BOOK_LOCK = 20_260_101  # advisory lock: shared by posters, exclusive for who closes a month

OPEN_MONTH = f"""
CREATE OR REPLACE FUNCTION ledger_open_month() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared({BOOK_LOCK});
    RETURN (SELECT coalesce(max(next_month), '') FROM closedmonth);
END $$
"""
"""Takes the shared side of the book lock, then reads with a snapshot of its own: a month that closed while the caller
waited is seen. A plain statement would read with the snapshot from before the wait."""

POST = f"""
CREATE OR REPLACE FUNCTION ledger_post(made transfer, counted_after timestamptz, near_minutes int, large_minutes int)
RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    open_month text;
    debit_is_limited boolean;
    credit_is_limited boolean;
    is_near boolean;
    is_blocked boolean;
    is_taken boolean := false;
    is_given boolean := false;
    known text;
BEGIN
    PERFORM pg_advisory_xact_lock_shared({BOOK_LOCK});
    SELECT (SELECT max(next_month) FROM closedmonth),
           debit.kind IN ('member', 'gift'),
           credit.kind IN ('member', 'gift'),
           counted_after IS NOT NULL AND debit.kind IN ('pool', 'commons') AND debit.floor_minutes IS NOT NULL AND (
               debit.kind <> 'pool' OR debit.counted_at IS NULL OR debit.counted_at <= counted_after
               OR made.minutes > large_minutes
               OR debit.balance_minutes - made.minutes < debit.floor_minutes + near_minutes),
           debit.closed_at IS NOT NULL OR credit.closed_at IS NOT NULL
      INTO open_month, debit_is_limited, credit_is_limited, is_near, is_blocked
      FROM houraccount AS debit, houraccount AS credit
     WHERE debit.id = made.debit_account_id AND credit.id = made.credit_account_id;
    IF made.book_month < open_month THEN
        RETURN 'month ' || open_month;
    END IF;
    is_blocked := NOT FOUND OR is_blocked;
    IF debit_is_limited AND credit_is_limited THEN
        PERFORM 1 FROM houraccount WHERE id IN (made.debit_account_id, made.credit_account_id)
        ORDER BY id FOR NO KEY UPDATE;
    END IF;
    IF debit_is_limited AND NOT is_blocked THEN
        UPDATE houraccount SET balance_minutes = balance_minutes - made.minutes
         WHERE id = made.debit_account_id AND closed_at IS NULL
           AND (floor_minutes IS NULL OR balance_minutes - held_minutes - made.minutes >= floor_minutes);
        is_taken := FOUND;
        is_blocked := NOT FOUND;
    END IF;
    IF credit_is_limited AND NOT is_blocked AND NOT is_near THEN
        UPDATE houraccount SET balance_minutes = balance_minutes + made.minutes
         WHERE id = made.credit_account_id AND closed_at IS NULL
           AND (ceiling_minutes IS NULL OR balance_minutes + made.minutes <= ceiling_minutes);
        is_given := FOUND;
        is_blocked := NOT FOUND;
    END IF;
    IF NOT is_near AND NOT is_blocked THEN
        INSERT INTO transfer SELECT made.* ON CONFLICT DO NOTHING;
        IF FOUND THEN
            RETURN 'posted';
        END IF;
    END IF;
    UPDATE houraccount SET balance_minutes = balance_minutes
        + CASE id WHEN made.debit_account_id THEN made.minutes ELSE -made.minutes END
     WHERE is_taken AND id = made.debit_account_id OR is_given AND id = made.credit_account_id;
    SELECT id || ' ' || request_digest INTO known FROM transfer WHERE key = made.key;
    RETURN CASE WHEN known IS NOT NULL THEN 'known ' || known
                WHEN is_near THEN 'near' WHEN is_blocked THEN 'blocked' ELSE 'taken' END;
END $$
"""
"""One posting in one call: what `posting.write` does on SQLite, with the same verdicts (tests/ledger/test_verdicts.py).

Moves the balances and writes the row and answers `posted`, or leaves all as it was and answers `month` (the first open
one), `known` (id and request digest of what stands under the key), `near` (the floor of the pool or commons must be
counted exactly; `counted_after` null says that it was), `blocked` (by a limit, a closed or a missing account) or
`taken`. Each statement of a volatile function sees what was committed before it began, and an update compares the
limits with the row as it is once it has the row: what was read before decides on nothing that changes. Where the row
turns out to stand there already, what was moved goes back, still unseen by anybody."""


def protect(dialect: str, tables: Sequence[str] = APPEND_ONLY) -> list[str]:
    """Statements that make the tables of the record append-only."""
    return _postgres(tables) if dialect == "postgresql" else _sqlite(tables)


def unprotect(dialect: str, tables: Sequence[str] = APPEND_ONLY) -> list[str]:
    """Statements that take the protection away again: for a migration downwards only."""
    if dialect == "postgresql":
        kinds = ("append_only", "no_truncate")
        drops = [f"DROP TRIGGER IF EXISTS {table}_{kind} ON {table}" for table in tables for kind in kinds]
        return [*drops, "DROP FUNCTION IF EXISTS refuse_change()"] if tables is APPEND_ONLY else drops
    return [f"DROP TRIGGER IF EXISTS {table}_no_{kind}" for table in tables for kind in ("update", "delete")]


def triggers(dialect: str) -> frozenset[str]:
    """The names of all triggers that a sound database has."""
    kinds = ("append_only", "no_truncate") if dialect == "postgresql" else ("no_update", "no_delete")
    return frozenset(f"{table}_{kind}" for table in RECORD for kind in kinds)


def rights_of_application(role: str) -> list[str]:
    """Statements that let a role of PostgreSQL run the application without being able to change the record.

    The role owns nothing: it adds to the record and reads it, and works freely on the other tables.
    """
    record = ", ".join(RECORD)
    return [
        f'GRANT USAGE ON SCHEMA public TO "{role}"',
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO "{role}"',
        f'REVOKE UPDATE, DELETE, TRUNCATE ON {record} FROM "{role}"',
        f'REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM "{role}"',
    ]


def _sqlite(tables: Sequence[str]) -> list[str]:
    return [
        f"CREATE TRIGGER {table}_no_{kind} BEFORE {kind.upper()} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for table in tables
        for kind in ("update", "delete")
    ]


def _postgres(tables: Sequence[str]) -> list[str]:
    function = (
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only', "
        "ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    rows = [
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        for table in tables
    ]
    truncates = [
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        for table in tables
    ]
    return [function, *rows, *truncates]
