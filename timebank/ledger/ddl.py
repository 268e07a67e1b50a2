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
    in_order text[] := ARRAY[least(made.debit_account_id, made.credit_account_id),
                             greatest(made.debit_account_id, made.credit_account_id)];
    side_id text;
    side houraccount;
    is_common boolean;
    is_near boolean := false;
    is_blocked boolean := false;
    limited text[] := '{}';
    known text;
BEGIN
    IF made.book_month < open_month THEN
        RETURN 'month ' || open_month;
    END IF;
    FOREACH side_id IN ARRAY in_order LOOP
        SELECT * INTO side FROM houraccount WHERE id = side_id AND kind IN ('member', 'gift') FOR NO KEY UPDATE;
        is_common := NOT FOUND;
        IF is_common THEN
            SELECT * INTO side FROM houraccount WHERE id = side_id;
        ELSE
            limited := limited || side_id;
        END IF;
        is_blocked := is_blocked OR NOT FOUND OR side.closed_at IS NOT NULL;
        IF side_id = made.credit_account_id THEN
            is_blocked := is_blocked OR coalesce(side.balance_minutes + made.minutes > side.ceiling_minutes, false);
        ELSIF is_common THEN
            is_near := counted_after IS NOT NULL AND side.floor_minutes IS NOT NULL AND (
                side.kind <> 'pool' OR side.counted_at IS NULL OR side.counted_at <= counted_after
                OR made.minutes > large_minutes
                OR side.balance_minutes - made.minutes < side.floor_minutes + near_minutes);
        ELSE
            is_blocked := is_blocked OR coalesce(
                side.balance_minutes - side.held_minutes - made.minutes < side.floor_minutes, false);
        END IF;
    END LOOP;
    IF NOT is_near AND NOT is_blocked THEN
        INSERT INTO transfer SELECT made.* ON CONFLICT DO NOTHING;
        IF FOUND THEN
            FOREACH side_id IN ARRAY limited LOOP
                UPDATE houraccount SET balance_minutes = balance_minutes
                    + CASE WHEN side_id = made.debit_account_id THEN -made.minutes ELSE made.minutes END
                WHERE id = side_id;
            END LOOP;
            RETURN 'posted';
        END IF;
    END IF;
    SELECT id || ' ' || request_digest INTO known FROM transfer WHERE key = made.key;
    RETURN CASE WHEN known IS NOT NULL THEN 'known ' || known
                WHEN is_near THEN 'near' WHEN is_blocked THEN 'blocked' ELSE 'taken' END;
END $$
"""
"""One posting in one call: what `posting.write` does on SQLite, with the same verdicts (tests/ledger/test_verdicts.py).

Writes the row and moves the balances and answers `posted`, or writes nothing and answers `month` (the first open one),
`known` (id and request digest of what stands under the key), `near` (the floor of the pool or commons must be counted
exactly; `counted_after` null says that it was), `blocked` (by a limit, a closed or a missing account) or `taken`. Each
statement of a volatile function sees what was committed before it began, and limits are compared on rows already
locked: in one plain statement they would be compared on versions from before the wait."""


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
