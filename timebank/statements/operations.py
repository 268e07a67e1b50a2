"""Closing a month: all of it in one unit of work, so a crash leaves nothing and a second run makes the same sheets."""

from collections import defaultdict
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from timebank.audit.operations import note
from timebank.core import clock, crypto, months
from timebank.core.actors import Actor, Role
from timebank.core.crash import crash_point
from timebank.core.db import table_of
from timebank.core.errors import NotAllowed, NotFound, Refused
from timebank.core.text import T
from timebank.ledger import operations as ledger
from timebank.ledger.models import ClosedMonth
from timebank.ledger.posting import lock_books
from timebank.ledger.queries import MonthFigures, month_figures
from timebank.policies.queries import in_force
from timebank.statements import queries
from timebank.statements.models import MonthRun, Statement
from timebank.statements.rules import bundle_digest, check_sum, statement_digest

_CHUNK = 1_000


def close_month(session: Session, *, actor: Actor, district_code: str, month: str) -> MonthRun:
    """Close a month once: lapse its gifts, write every statement, and book what comes later in the next month.

    Refuses a month that is not over, one closed already, one with an open month before it, and, if policy
    `period.unsettled` says so, one with unsettled visits; otherwise those are carried over and listed.
    """
    if actor.role not in (Role.SUPERVISOR, Role.BUREAU, Role.ADMINISTRATOR):
        raise NotAllowed("statements.not_yours_to_close", T("The bureau closes the month."))
    month = months.parse_month(month)
    _check_can_close(session, month)
    policy = in_force(session, district_code, months.last_day(month))
    waiting = queries.unsettled_visits(session, district_code, month)
    if waiting and policy.choice("period.unsettled") == "refuse":
        text = T(
            "{count} visits are not settled yet. Settle them, or let the rule carry them over.", count=len(waiting)
        )
        raise Refused("statements.unsettled_visits", text)
    ledger.lapse_gifts(session, actor=actor, area_code=district_code, month=month)
    lock_books(session)
    session.add(ClosedMonth(month=month, next_month=months.following(month), closed_at=clock.now()))
    session.flush()
    crash_point("statements.after_books_closed")
    rows = _statement_rows(
        session, district_code, month, issued_on=queries.issue_date(month, policy.number("period.close_day"))
    )
    for start in range(0, len(rows), _CHUNK):
        session.connection().execute(sa.insert(table_of(Statement)), rows[start : start + _CHUNK])
    crash_point("statements.after_statements")
    run = MonthRun(
        month=month,
        district_code=district_code,
        closed_at=clock.now(),
        closed_by=actor.user_id,
        statements=len(rows),
        carried_over=[visit.id for visit in waiting],
        digest=bundle_digest([row["digest"] for row in rows]),
    )
    session.add(run)
    note(
        session,
        actor=actor,
        action="statements.close_month",
        subject_id=month,
        area_code=district_code,
        sheets=len(rows),
    )
    return run


def _check_can_close(session: Session, month: str) -> None:
    if month >= months.of_date(clock.today()):
        raise Refused("statements.month_not_over", T("This month is not over yet."), field="month")
    if queries.is_closed(session, month):
        raise Refused("statements.closed_already", T("This month is closed already."), field="month")
    earlier = queries.earlier_open_month(session, month)
    if earlier:
        raise Refused("statements.close_in_order", T("First close {month}.", month=earlier), field="month")


def _statement_rows(session: Session, district_code: str, month: str, *, issued_on: Any) -> list[dict[str, Any]]:
    """All statements of a month as rows, in order of serial. Same ledger, same rows, byte for byte."""
    lines = _lines_by_account(session, month)
    figures = month_figures(session, month)
    accounts = queries.accounts_to_close(session, district_code)
    rows = []
    for number, item in enumerate(accounts, start=1):
        account_id = item.account.id
        of_month = figures.get(account_id, MonthFigures(account_id, 0, 0, 0))
        own = lines.get(account_id, [])
        check_sum(of_month.opening, own, of_month.closing)
        serial = f"{month.replace('-', '')}-{number:06d}"
        rows.append(
            {
                "id": f"stm_{crypto.vault().fingerprint('statement ' + account_id + month)[:26]}",
                "serial": serial,
                "proof_code": crypto.vault().fingerprint(f"proof {account_id} {month}")[:32],
                "account_id": account_id,
                "person_id": item.person.id,
                "area_code": item.person.area_code,
                "month": month,
                "opening_minutes": of_month.opening,
                "in_minutes": of_month.came_in,
                "out_minutes": of_month.went_out,
                "closing_minutes": of_month.closing,
                "held_minutes": item.account.held_minutes,
                "lines": own,
                "digest": statement_digest(
                    serial=serial,
                    account_id=account_id,
                    month=month,
                    opening=of_month.opening,
                    came_in=of_month.came_in,
                    went_out=of_month.went_out,
                    lines=own,
                ),
                "issued_on": issued_on,
                "revoked_at": None,
            }
        )
    return rows


def _lines_by_account(session: Session, month: str) -> dict[str, list[dict[str, Any]]]:
    """The printed lines of a book month for every account: date, service, household, minutes, policy version."""
    lines: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in queries.line_rows(session, month):
        on = clock.local_date(row.event_at)
        line = {
            "transfer": row.id,
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
    """Say that a printed sheet no longer counts; whoever scans it reads "revoked"."""
    statement = session.get(Statement, statement_id)
    if statement is None or not actor.scope.holds_area(statement.area_code):
        raise NotFound("statements.no_such_statement", T("There is no such statement in your area."))
    statement.revoked_at = statement.revoked_at or clock.now()
    session.add(statement)
    note(
        session,
        actor=actor,
        action="statements.revoke",
        subject_id=statement.id,
        area_code=statement.area_code,
        why=why[:200],
    )
    return statement
