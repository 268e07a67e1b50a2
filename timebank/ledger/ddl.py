"""What the database itself refuses: rows of the record are never changed and never deleted, on both engines.

`INSERT OR REPLACE` deletes first and would pass by unless `recursive_triggers` is on (core.db sets it).
"""

APPEND_ONLY = ("transfer", "sealedleaf", "seal", "closedmonth", "auditevent", "visitevent")


def protect(dialect: str) -> list[str]:
    """Statements that make the tables of the record append-only."""
    return _postgres() if dialect == "postgresql" else _sqlite()


def unprotect(dialect: str) -> list[str]:
    """Statements that take the protection away again: for a migration downwards only."""
    if dialect == "postgresql":
        drops = [f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}" for table in APPEND_ONLY]
        drops += [f"DROP TRIGGER IF EXISTS {table}_no_truncate ON {table}" for table in APPEND_ONLY]
        return [*drops, "DROP FUNCTION IF EXISTS refuse_change()"]
    kinds = ("update", "delete")
    return [f"DROP TRIGGER IF EXISTS {table}_no_{kind}" for table in APPEND_ONLY for kind in kinds]


def _sqlite() -> list[str]:
    return [
        f"CREATE TRIGGER {table}_no_{kind} BEFORE {kind.upper()} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for table in APPEND_ONLY
        for kind in ("update", "delete")
    ]


def _postgres() -> list[str]:
    function = (
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only', "
        "ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    rows = [
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        for table in APPEND_ONLY
    ]
    truncates = [
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        for table in APPEND_ONLY
    ]
    return [function, *rows, *truncates]
