"""Closing a month: all of it in one unit of work, so a crash leaves nothing and a second run makes the same sheets."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from timebank.audit.operations import note
from timebank.core import clock, crypto, months
from timebank.core.actors import Actor, Role
from timebank.core.crash import crash_point
from timebank.core.db import table_of
from timebank.core.errors import BadInput, NotAllowed, NotFound, Refused
from timebank.core.text import T
from timebank.ledger import operations as ledger
from timebank.ledger.models import ClosedMonth
from timebank.ledger.posting import lock_books
from timebank.ledger.proofs import CLOSE
from timebank.ledger.queries import MonthFigures, held_at_end_of, month_figures, too_old
from timebank.ledger.rules import instant_text
from timebank.policies.queries import in_force
from timebank.statements import queries
from timebank.statements.models import MonthRun, Statement
from timebank.statements.rules import check_sum, root_of, statement_digest

_CHUNK = 1_000


def close_month(session: Session, *, actor: Actor, district_code: str, month: str) -> MonthRun:
    """Close a month once: lapse its gifts, write every statement, and book what comes later in the next month.

    Refuses a month that is not over, one closed already, one with an open month before it, and, if policy
    `period.unsettled` says so, one with unsettled visits; otherwise those are carried over and listed.
    """
    if actor.role not in (Role.BUREAU, Role.ADMINISTRATOR):
        raise NotAllowed("statements.not_yours_to_close", T("The bureau closes the month."))
    month = months.parse_month(month)
    lock_books(session)
    _check_can_close(session, month)
    policy = in_force(session, district_code, months.last_day(month))
    waiting = queries.unsettled_visits(session, district_code, month)
    if waiting and policy.choice("period.unsettled") == "refuse":
        count = len(waiting)
        text = T(
            "{count:# visit is not settled yet. Settle it, or let the rule carry it over.|"
            "# visits are not settled yet. Settle them, or let the rule carry them over.}",
            count=count,
        )
        raise Refused("statements.unsettled_visits", text)
    ledger.lapse_gifts(session, actor=actor, area_code=district_code, month=month)
    ledger.expire_hours(session, actor=actor, area_code=district_code, month=month)
    crash_point("statements.after_gifts_lapsed")
    closed_at = clock.now()
    session.add(ClosedMonth(month=month, next_month=months.following(month), closed_at=closed_at))
    session.flush()
    crash_point("statements.after_books_closed")
    root = _write_statements(session, district_code, month, clock.local_date(closed_at))
    crash_point("statements.after_statements")
    run = MonthRun(
        month=month,
        district_code=district_code,
        closed_at=closed_at,
        closed_by=actor.user_id,
        statements=root.size,
        carried_over=[visit.id for visit in waiting],
        root=root.root,
    )
    session.add(run)
    note(
        session,
        actor=actor,
        action="statements.close_month",
        subject_id=month,
        area_code=district_code,
        sheets=root.size,
        root=root.root,  # the event is sealed below, and with it the root of the sheets
        closed_at=instant_text(closed_at),
    )
    seal = ledger.seal_new_rows(session, actor=actor, reason=f"{CLOSE}{month}", complete=True)
    run.seal_id = seal.id if seal else None
    crash_point("statements.before_commit")
    return run


def _check_can_close(session: Session, month: str) -> None:
    if month >= months.of_date(clock.today()):
        raise Refused("statements.month_not_over", T("This month is not over yet."), field="month")
    if queries.is_closed(session, month):
        raise Refused("statements.closed_already", T("This month is closed already."), field="month")
    earlier = queries.earlier_open_month(session, month)
    if earlier:
        raise Refused(
            "statements.close_in_order", T("First close {month}.", month=months.spoken(earlier)), field="month"
        )


@dataclass(frozen=True)
class _Sheets:
    """How many statements a month has, and the root over their digests."""

    size: int
    root: str


def _write_statements(session: Session, district_code: str, month: str, issued_on: date) -> _Sheets:
    """Write every statement of a month. Same ledger, same day, same sheets, byte for byte."""
    lines, figures = _lines_by_account(session, month), month_figures(session, month)
    held, next_month = held_at_end_of(session, month), months.following(month)
    old = {account.id: minutes for account, minutes in too_old(session, district_code, next_month, booked_until=month)}
    digests: list[str] = []
    rows: list[dict[str, Any]] = []
    for number, item in enumerate(queries.accounts_to_close(session, district_code, month), start=1):
        of_month = figures.get(item.account_id, MonthFigures(item.account_id, 0, 0, 0))
        row = _row(item, of_month, lines.pop(item.account_id, []), month=month, number=number, issued_on=issued_on)
        # what was promised when the month ended, was free before the close and went with it is set aside no more
        row["held_minutes"] = min(held.get(item.account_id, 0), max(0, of_month.closing - (item.floor_minutes or 0)))
        goes = min(old.get(item.account_id, 0), of_month.closing - row["held_minutes"])
        if goes > 0:
            row |= {"expiring_minutes": goes, "expires_on": months.last_day(next_month)}
        row["digest"] = statement_digest(SimpleNamespace(**row))
        digests.append(row["digest"])
        rows.append(row)
        if len(rows) == _CHUNK:
            _insert(session, rows)
    _insert(session, rows)
    return _Sheets(len(digests), root_of(digests))


def _insert(session: Session, rows: list[dict[str, Any]]) -> None:
    if rows:
        session.connection().execute(sa.insert(table_of(Statement)), rows)
        rows.clear()
        crash_point("statements.between_statements")


def _row(
    item: queries.MonthAccount,
    figures: MonthFigures,
    lines: list[dict[str, Any]],
    *,
    month: str,
    number: int,
    issued_on: date,
) -> dict[str, Any]:
    check_sum(figures.opening, lines, figures.closing)
    fingerprint = crypto.vault().fingerprint
    return {
        "id": f"stm_{fingerprint(f'statement {item.account_id} {month}')[:26]}",
        "serial": f"{month.replace('-', '')}-{number:06d}",
        "proof_code": fingerprint(f"proof {item.account_id} {month}")[:32],
        "account_id": item.account_id,
        "kind": item.kind,
        "person_id": item.person_id,
        "area_code": item.area_code,
        "household_code": item.household_code,
        "month": month,
        "opening_minutes": figures.opening,
        "in_minutes": figures.came_in,
        "out_minutes": figures.went_out,
        "closing_minutes": figures.closing,
        "held_minutes": 0,
        "expiring_minutes": 0,
        "expires_on": None,
        "lines": lines,
        "issued_on": issued_on,
        "revoked_at": None,
    }


def _lines_by_account(session: Session, month: str) -> dict[str, list[dict[str, Any]]]:
    """The printed lines of a book month for every account: date, service, household, minutes, policy version.

    A late event stands in the month that was open when it arrived, with its true date.
    """
    lines: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in queries.line_rows(session, month):
        on = clock.local_date(row.event_at)
        line = {
            "transfer": row.id,
            "key": row.key,
            "on": on.isoformat(),
            "reason": row.reason.value,
            "service": row.service.value if row.service else "",
            "household": row.household_code or "",
            "policy": row.policy_version,
            "late": months.of_date(on) != month,
        }
        lines[row.credit_account_id].append({**line, "minutes": row.minutes})
        lines[row.debit_account_id].append({**line, "minutes": -row.minutes})
    return lines


def revoke_statement(session: Session, *, actor: Actor, statement_id: str, why: str) -> Statement:
    """Say once, and why, that a printed sheet no longer counts; whoever scans it reads "revoked"."""
    statement = session.get(Statement, statement_id)
    if statement is None or not actor.scope.holds_area(statement.area_code):
        raise NotFound("statements.no_such_statement", T("There is no such statement in your area."))
    if statement.revoked_at is not None:
        raise Refused("statements.revoked_already", T("This sheet is revoked already."))
    if not why.strip():
        raise BadInput("statements.no_reason", T("Write the reason; it is kept in the log."), field="why")
    statement.revoked_at = clock.now()
    session.add(statement)
    note(
        session,
        actor=actor,
        action="statements.revoke",
        subject_id=statement.id,
        area_code=statement.area_code,
        why=why.strip()[:200],
    )
    return statement
