"""The table for the subsidy of a month: one row a bed, what was aimed at, what it got, what the provider is due."""

from typing import Any

from sqlmodel import Session

from timebank.areas.models import Area
from timebank.audit.operations import note
from timebank.beds import queries
from timebank.core import clock, months
from timebank.core.actors import Actor
from timebank.core.formats import local_datetime
from timebank.core.text import T, Text
from timebank.policies.queries import in_force

COLUMNS: tuple[Text, ...] = (
    *(T("Township"), T("Village"), T("Elder"), T("Contract number"), T("Provider"), T("Days it ran")),
    *(T("Visits aimed at"), T("Visits for hours"), T("Visits paid by voucher")),
    *(T("Minutes aimed at"), T("Minutes for hours"), T("Minutes paid by voucher")),
    *(T("Targets reached"), T("Subsidy in yuan")),
)


def take(session: Session, *, actor: Actor, month: str) -> list[list[Any]]:
    """The rows of the actor's area and a last one that says who took the table; writes one event.

    Visits for hours and visits paid by voucher stand in columns of their own. The amount stays empty where policy
    bed.subsidy_yuan is not decided.
    """
    rows = [_row(session, figures, month) for figures in queries.month_figures(session, actor.area_code, month)]
    note(session, actor=actor, action="beds.export_subsidy", subject_id=f"{actor.area_code} {month}", rows=len(rows))
    return [*rows, [f"{actor.user_id} · {local_datetime(clock.now())}"]]


def _row(session: Session, figures: queries.BedFigures, month: str) -> list[Any]:
    bed, got, aim = figures.bed, figures.month.got, figures.month
    yuan = in_force(session, bed.area_code, months.last_day(month)).number("bed.subsidy_yuan")
    return [
        *(_name(session, bed.area_code[:size]) for size in (9, 12)),
        *(figures.elder.name, bed.contract_no, bed.provider, aim.days),
        *(aim.target_visits, got.visits, got.paid_visits),
        *(aim.target_minutes, got.minutes, got.paid_minutes),
        int(aim.is_reached),
        aim.subsidy_yuan(yuan) if yuan else "",
    ]


def _name(session: Session, code: str) -> str:
    area = session.get(Area, code)
    return area.name_zh if area else code
