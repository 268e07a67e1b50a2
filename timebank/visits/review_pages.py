"""The reviewers' pages: what waits, with what there is to look at."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from timebank.auth.guards import actor, guard
from timebank.core import clock, forms, http
from timebank.core.actors import Role
from timebank.core.errors import TimebankError
from timebank.core.i18n import gettext, say
from timebank.ledger.queries import transfers_of_source
from timebank.people.models import Person
from timebank.people.queries import phone_of
from timebank.visits import desk_queries, operations, queries
from timebank.visits.models import CallOutcome, EventKind, Visit, VisitEvent, VisitState
from timebank.visits.operations.derivation import data_of
from timebank.visits.words import CALL_WORDS

bp = Blueprint("reviews", __name__)
_MOST_TICKED, _MOST_TOLD = 100, 5
_REVIEWERS = (Role.SUPERVISOR, Role.BUREAU, Role.COORDINATOR)


@bp.get("/reviews")
@guard(*_REVIEWERS)
def review_queue() -> Any:
    """Confirmed visits that wait for a review, the oldest first, with what there is to look at."""
    session = http.session()
    rows = queries.waiting_in_state(session, actor().scope, VisitState.CONFIRMED)
    looks = {visit.id: operations.needs_a_look(session, visit) for visit, _ in rows}
    total = queries.count_in_state(session, actor().scope.area_code, VisitState.CONFIRMED)
    return render_template(
        "visits/reviews.html",
        rows=rows,
        looks=looks,
        total=total,
        nobody_home=desk_queries.show_ups(session, actor().scope, clock.today()),
    )


@bp.post("/reviews/credit-ticked")
@guard(*_REVIEWERS)
def credit_ticked() -> Any:
    """Credit every ticked visit in which there is nothing to look at; say which were left and why."""
    session, ticked = http.session(), request.form.getlist("visit_id")[:_MOST_TICKED]
    done = operations.review_all(session, actor=actor(), visit_ids=ticked)
    flash(gettext("{count:# visit is|# visits are} credited.", count=done.credited))
    for visit_id, reason in done.left[:_MOST_TOLD]:
        visit = queries.visit_for(session, actor().scope, visit_id)
        name = session.get_one(Person, visit.elder_id).name if visit else gettext("a visit")
        flash(gettext("Left: {name}: {reason}", name=name, reason=say(reason)))
    return redirect(url_for("reviews.review_queue"), code=303)


@bp.post("/reviews/<string:visit_id>/show-up")
@guard(*_REVIEWERS, load={"visit_id": queries.visit_for})
def credit_show_up(visit: Visit) -> Any:
    """Credit who came to a door that nobody opened."""
    operations.credit_show_up(http.session(), actor=actor(), visit_id=visit.id)
    flash(gettext("Decided. The volunteer sees it."))
    return redirect(url_for("reviews.review_queue"), code=303)


@bp.post("/reviews/<string:visit_id>/call-back")
@guard(*_REVIEWERS, load={"visit_id": queries.visit_for})
def call_back(visit: Visit) -> Any:
    """Write down what the elder said on the phone."""
    form, session = request.form, http.session()
    try:
        outcome, words = forms.choice(form, "outcome", CallOutcome), forms.text(form, "words", most=400)
        operations.call_back(session, actor=actor(), visit_id=visit.id, outcome=outcome, words=words)
    except TimebankError as error:
        session.rollback()
        return _review_page(visit, error), error.status
    return redirect(url_for("reviews.review_form", visit_id=visit.id), code=303)


@bp.get("/reviews/<string:visit_id>")
@guard(*_REVIEWERS, load={"visit_id": queries.visit_for})
def review_form(visit: Visit) -> Any:
    """One visit with its proof, and what the rules would credit."""
    return _review_page(visit, None)


def _review_page(visit: Visit, error: TimebankError | None) -> str:
    session = http.session()
    events, elder = queries.events_of(session, visit.id), session.get_one(Person, visit.elder_id)
    return render_template(
        "visits/review.html",
        visit=visit,
        elder=elder,
        carers=queries.carers_of(session, [visit.id]).get(visit.id, []),
        events=[(event, _note_of(event)) for event in events],
        photos=desk_queries.photos_of(session, visit.id),
        people_on_phone=desk_queries.people_on_phones_of(session, events),
        confirmation=queries.confirmation_of(session, visit.id),
        calls=desk_queries.call_backs_of(session, visit.id),
        call_words=CALL_WORDS,
        phone=phone_of(elder),
        proposed=operations.proposed_minutes(session, visit),
        look=operations.needs_a_look(session, visit),
        booked=transfers_of_source(session, visit.id),
        error=error,
    )


def _note_of(event: VisitEvent) -> str:
    """What a note says, for the reviewer; blood pressures stay sealed."""
    return str(data_of(event).get("note", "")) if event.kind == EventKind.NOTE else ""


@bp.post("/reviews/<string:visit_id>")
@guard(*_REVIEWERS, load={"visit_id": queries.visit_for})
def review(visit: Visit) -> Any:
    """Credit, correct or reject a visit."""
    form, session = request.form, http.session()
    try:
        approved = forms.one_of(form, "decision", ("approve", "reject")) == "approve"
        names = [name for name in form if name.startswith("minutes-")] if approved else []
        minutes = {name[8:]: forms.whole_number(form, name, least=0, most=600) for name in names}
        reason = forms.text(form, "reason", most=400)
        operations.review(
            session, actor=actor(), visit_id=visit.id, approved=approved, minutes=minutes or None, reason=reason
        )
    except TimebankError as error:
        session.rollback()
        return _review_page(visit, error), error.status
    flash(gettext("Decided. The volunteer sees it."))
    return redirect(url_for("reviews.review_queue"), code=303)
