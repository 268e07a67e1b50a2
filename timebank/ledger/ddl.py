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

POST = """
CREATE OR REPLACE FUNCTION ledger_post(made transfer, counted_after timestamptz, near_minutes int, large_minutes int)
RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    open_month text := ledger_open_month();
    side houraccount;
    sides int := 0;
    change int;
    moved text[] := '{}';
    verdict text := 'posted';
    known text;
BEGIN
    IF made.book_month < open_month THEN
        RETURN 'month ' || open_month;
    END IF;
    FOR side IN
        SELECT * FROM houraccount WHERE id IN (made.debit_account_id, made.credit_account_id) ORDER BY id
    LOOP
        sides := sides + 1;
        change := CASE WHEN side.id = made.debit_account_id THEN -made.minutes ELSE made.minutes END;
        IF side.kind NOT IN ('pool', 'commons') THEN
            UPDATE houraccount SET balance_minutes = balance_minutes + change
            WHERE id = side.id AND closed_at IS NULL AND coalesce(
                CASE WHEN change < 0 THEN balance_minutes - held_minutes + change >= floor_minutes
                    ELSE balance_minutes + change <= ceiling_minutes END, true);
            IF FOUND THEN
                moved := moved || side.id;
            ELSE
                verdict := 'blocked';
            END IF;
        ELSIF side.closed_at IS NOT NULL OR (change > 0 AND side.balance_minutes + change > side.ceiling_minutes) THEN
            verdict := 'blocked';
        ELSIF change < 0 AND side.floor_minutes IS NOT NULL AND counted_after IS NOT NULL AND (
            side.kind = 'commons' OR side.counted_at IS NULL OR side.counted_at <= counted_after
            OR made.minutes > large_minutes OR side.balance_minutes + change < side.floor_minutes + near_minutes
        ) THEN
            verdict := 'near';
        END IF;
        EXIT WHEN verdict <> 'posted';
    END LOOP;
    IF sides = 2 AND verdict = 'posted' THEN
        INSERT INTO transfer SELECT made.* ON CONFLICT DO NOTHING;
        IF FOUND THEN
            RETURN verdict;
        END IF;
        verdict := 'taken';
    END IF;
    UPDATE houraccount SET balance_minutes = balance_minutes
        + CASE WHEN id = made.debit_account_id THEN made.minutes ELSE -made.minutes END
    WHERE id = ANY (moved);
    SELECT 'known ' || id || ' ' || request_digest INTO known FROM transfer WHERE key = made.key;
    RETURN CASE WHEN known IS NOT NULL THEN known WHEN verdict = 'posted' THEN 'blocked' ELSE verdict END;
END $$
"""
"""One posting in one call: what `posting.write` does on SQLite, with the same verdicts (tests/ledger/test_verdicts.py).

Writes the row and moves the balances and answers `posted`, or leaves everything as it was and answers `month` (the
first open one), `known` (id and request digest of what stands under the key), `near` (the floor of the pool or commons
must be counted exactly; `counted_after` null says that it was), `blocked` (by a limit, a closed or a missing account)
or `taken`. A limited side is moved where its limit allows it, in order of id: PostgreSQL asks an UPDATE's condition
again of the row as it is once the wait for it is over. A condition that does not hold is asked of the snapshot
alone, so `blocked` may be too early: the caller looks at the rows under lock before it refuses (decision 0003)."""


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
