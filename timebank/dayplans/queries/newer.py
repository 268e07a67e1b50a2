"""What became of a version that somebody still looks at: which one took its place, who made that so, and when."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from timebank.audit.queries import first_of
from timebank.auth.queries import names_of_users
from timebank.core.errors import Refused
from timebank.core.formats import local_time, short_date
from timebank.core.text import T, Text
from timebank.dayplans.models import DayPlan, DayPlanState
from timebank.dayplans.queries.standing import published_version


@dataclass(frozen=True)
class Newer:
    """The version to look at instead (None: this one was put aside), in words; `is_replaced` where nothing may be
    done with the old one any more."""

    row: DayPlan | None
    words: Text
    is_replaced: bool


def newer_than(session: Session, row: DayPlan) -> Newer | None:
    """What took the place of a version, or was made from it and waits to be published; None where neither is so."""
    if row.state == DayPlanState.TRIAL:
        return None
    standing = published_version(session, row.area_code, row.on)
    if standing is not None and standing.id != row.id and _knows_not(row, standing):
        text = T("Version {version} took the place of this one: {who} published it, {when}.")
        at = standing.published_at or standing.made_at
        return Newer(standing, _said(session, text, standing, standing.published_by, at), is_replaced=True)
    if row.state == DayPlanState.SUPERSEDED and (event := first_of(session, "dayplans.discard", row.id)):
        text = T("{who} put this version aside, {when}.")
        return Newer(standing, _said(session, text, row, event.user_id, event.at), is_replaced=True)
    made = _made_from(session, row)
    if row.state != DayPlanState.SUPERSEDED:
        text = T("{who} made version {version} from this one, {when}. It is not published yet.")
        return Newer(made, _said(session, text, made, made.made_by, made.made_at), is_replaced=False) if made else None
    if made is None:
        return Newer(standing, T("This version does not count any more."), is_replaced=True)
    text = T("Version {version} took the place of this one: {who} made it, {when}.")
    return Newer(made, _said(session, text, made, made.made_by, made.made_at), is_replaced=True)


def refuse_replaced(session: Session, row: DayPlan) -> None:
    """Refuse to go on with a version in whose place another one stands, saying who made that so."""
    newer = newer_than(session, row)
    if newer is not None and newer.is_replaced:
        text = T("{what} Open the version that counts and do it there; nothing was changed here.", what=newer.words)
        raise Refused("dayplans.was_replaced", text)


def _knows_not(row: DayPlan, standing: DayPlan) -> bool:
    """Whether a version was published after another one had been begun, or is newer than it."""
    later = standing.published_at is not None and standing.published_at > row.made_at
    return standing.version > row.version or later


def _made_from(session: Session, row: DayPlan) -> DayPlan | None:
    """The newest draft that was made from a version; of one that was replaced, the newest draft after it."""
    found = select(DayPlan).where(
        DayPlan.area_code == row.area_code, DayPlan.on == row.on, DayPlan.version > row.version
    )
    found = found.where(DayPlan.state == DayPlanState.DRAFT).order_by(col(DayPlan.version).desc())
    if row.state != DayPlanState.SUPERSEDED:
        found = found.where(DayPlan.amends_id == row.id)
    return session.exec(found).first()


def _said(session: Session, text: Text, version: DayPlan, user_id: str, at: datetime) -> Text:
    who = names_of_users(session, [user_id]).get(user_id) or T("the machine of the office")
    when = f"{short_date(at)} {local_time(at)}"
    return Text(text.msgid, {"who": who, "when": when, "version": version.version})
