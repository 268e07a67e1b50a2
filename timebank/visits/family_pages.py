"""The pages of elders and of kin who act for them: who comes, who came, how it went, asking for help."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from timebank.auth.guards import actor, guard
from timebank.careplans.models import CareItem, ServiceKind
from timebank.careplans.queries import items_of, plans_of
from timebank.careplans.rules import recurrence_words
from timebank.core import clock, forms, http
from timebank.core.actors import Actor, Role
from timebank.core.errors import TimebankError
from timebank.core.i18n import gettext
from timebank.people.models import Person
from timebank.people.queries import kin_may_see, may_act, people_by_id
from timebank.visits import operations, queries
from timebank.visits.forms import request_in
from timebank.visits.models import Visit, VisitCarer, VisitState

bp = Blueprint("family", __name__)
_MEMBERS = (Role.ELDER, Role.VOLUNTEER)
_OPEN = (VisitState.DUE, VisitState.PLANNED)
_PURPOSES = ("request", "confirm", "follow_visits", "see_bed")


@dataclass(frozen=True)
class _ForWhom:
    """One person that the reader stands for, with what the written power lets them see."""

    elder: Person
    visits: list[Visit]
    carers: dict[str, list[tuple[VisitCarer, Person]]]
    went: dict[str, queries.Went]
    may: frozenset[str]
    sees_who: bool
    sees_bed: bool
    items: list[CareItem]


@bp.get("/family")
@guard(*_MEMBERS)
def visits_of_mine() -> Any:
    """For each person one stands for: what waits for a nod, what comes, what was; the bed as far as they agreed."""
    session, caller = http.session(), actor()
    elders = _elders(session, caller)
    return render_template(
        "visits/family.html",
        rows=[_row(session, caller, elder) for elder in elders],
        waiting=VisitState.DONE,
        open_states=_OPEN,
        today=clock.today(),
        rhythm=recurrence_words,
    )


def _elders(session: Session, caller: Actor, purpose: str = "") -> list[Person]:
    """The elders the caller stands for; with a purpose, those whose power names it."""
    people = people_by_id(session, caller.scope.person_ids or ()).values()
    elders = sorted((person for person in people if person.elder_since_on), key=lambda person: person.id)
    return [elder for elder in elders if not purpose or _may(session, caller, elder, purpose)]


def _may(session: Session, caller: Actor, elder: Person, purpose: str) -> bool:
    return may_act(session, person_id=caller.person_id or "", for_person_id=elder.id, purpose=purpose)


def _row(session: Session, caller: Actor, elder: Person) -> _ForWhom:
    on, visits = clock.today(), []
    sees_who = kin_may_see(session, reader_id=caller.person_id or "", person_id=elder.id)
    may = frozenset(purpose for purpose in _PURPOSES if _may(session, caller, elder, purpose))
    if may & {"follow_visits", "confirm", "request"}:
        visits = queries.visits_of_elder(session, elder.id, on - timedelta(days=30), on + timedelta(days=7))
    if not sees_who:
        visits = [visit for visit in visits if _asks_something(may, visit)]
    sees_bed = "see_bed" in may
    plans = plans_of(session, elder.id) if sees_bed else []
    items = items_of(session, plans[0].id) if plans else []
    visits.sort(key=lambda visit: _rank(visit, on))
    keys = [visit.id for visit in visits]
    went = queries.how_it_went(session, keys) if sees_who and "follow_visits" in may else {}
    carers = queries.carers_of(session, keys) if sees_who else {}
    return _ForWhom(elder, visits, carers, went, may, sees_who, sees_bed, items)


def _asks_something(may: frozenset[str], visit: Visit) -> bool:
    """Whether a visit waits for what the caller may do in the elder's name: the nod, or calling it off."""
    if visit.state == VisitState.DONE:
        return "confirm" in may
    is_ahead = visit.state in _OPEN and visit.due_on >= clock.today()
    return is_ahead and "request" in may


def _rank(visit: Visit, today: date) -> tuple[int, int, int]:
    """What waits for a nod comes first, then who comes next, then what was, the last first."""
    day = visit.due_on.toordinal()
    if visit.state == VisitState.DONE:
        return 0, -day, visit.window_from_minute
    return (1, day, visit.window_from_minute) if visit.due_on >= today else (2, -day, visit.window_from_minute)


@bp.post("/family/<string:visit_id>/confirm")
@guard(*_MEMBERS, load={"visit_id": queries.visit_for})
def confirm(visit: Visit) -> Response:
    """Say how a visit was, with one of three faces; or that something is not right."""
    form = request.form
    disputed = "disputed" in form
    operations.confirm(
        http.session(),
        actor=actor(),
        visit_id=visit.id,
        method="button",
        happy=forms.whole_number(form, "happy", least=1, most=3) if form.get("happy") else None,
        disputed=disputed,
        remark=forms.text(form, "remark", required=disputed, most=400),
    )
    flash(gettext("Thank you. The hours go to the review now."))
    return redirect(url_for("family.visits_of_mine"), code=303)


@bp.post("/family/<string:visit_id>/cancel")
@guard(*_MEMBERS, load={"visit_id": queries.visit_for})
def cancel(visit: Visit) -> Response:
    """Call off a visit that has not begun."""
    reason = forms.text(request.form, "reason", required=True, most=200)
    operations.cancel(http.session(), actor=actor(), visit_id=visit.id, reason=reason)
    flash(gettext("Called off. Hours that were held are free again."))
    return redirect(url_for("family.visits_of_mine"), code=303)


@bp.get("/family/ask")
@guard(*_MEMBERS)
def ask_form() -> Any:
    """The form to ask for help."""
    return _form({}, None)


def _form(values: Any, error: TimebankError | None) -> str:
    return render_template(
        "visits/ask.html",
        elders=_elders(http.session(), actor(), "request"),
        services=list(ServiceKind),
        values=values,
        error=error,
        today=clock.today(),
    )


@bp.post("/family/ask")
@guard(*_MEMBERS)
def ask() -> Any:
    """Ask for help; the hours are held from now on."""
    form, session = request.form, http.session()
    try:
        asked = request_in(form, forms.text(form, "elder_id", required=True, most=31))
        operations.ask_for_help(session, actor=actor(), asked=asked)
    except TimebankError as error:
        session.rollback()
        return _form(form, error), error.status
    flash(gettext("Asked. You will hear who comes."))
    return redirect(url_for("family.visits_of_mine"), code=303)
