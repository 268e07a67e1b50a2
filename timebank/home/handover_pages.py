"""The change of hands: who works in the office, what somebody who leaves has open, and who goes on."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from timebank.areas.queries import areas_by_code
from timebank.areas.words import area_name
from timebank.auth.guards import STAFF, actor, guard
from timebank.auth.models import User
from timebank.auth.queries import names_of_users
from timebank.core import http
from timebank.core.actors import Actor, Role
from timebank.core.errors import TimebankError
from timebank.core.i18n import say
from timebank.core.text import T
from timebank.home import handover_queries as queries
from timebank.home import operations
from timebank.home.queries import duties_of

bp = Blueprint("handover", __name__)
SUCCESSORS = (Role.ASSISTANT, Role.COORDINATOR, Role.SUPERVISOR, Role.BUREAU)


@bp.get("/handover")
@guard(*STAFF)
def list_colleagues() -> Any:
    """The office's logins of the area, and whether they still work here."""
    session, words = http.session(), request.args.get("words", "")
    rows = queries.colleagues(session, actor().scope, words=words)
    here = {user.id: queries.is_here(session, user) for user, _ in rows}
    places = areas_by_code(session, [grant.area_code for _, grants in rows for grant in grants])
    names = {code: area_name(place) for code, place in places.items()}
    return render_template("home/colleagues.html", rows=rows, here=here, words=words, area_names=names)


@bp.get("/handover/<string:user_id>")
@guard(*STAFF, load={"user_id": queries.colleague_for})
def show(user: User) -> Any:
    """What is open in somebody's hands, what waits at their desk, and who else holds the role."""
    return _page(user, None)


def _page(user: User, error: TimebankError | None) -> str:
    session, caller = http.session(), actor()
    desks = queries.desks_of(session, user)
    takings = queries.takings_of(session, user)
    waiting = [(desk, duties_of(session, Actor(user.id, desk.role, desk.area.code, user.person_id))) for desk in desks]
    return render_template(
        "home/handover.html",
        colleague=user,
        waiting=waiting,
        kinds=queries.in_hands_of(session, caller.scope, user),
        is_here=queries.is_here(session, user),
        may_take=user.id != caller.user_id and caller.role in SUCCESSORS,
        takings=takings,
        names=names_of_users(session, [event.user_id for event in takings]),
        error=error,
    )


@bp.post("/handover/<string:user_id>/take-over")
@guard(*SUCCESSORS, load={"user_id": queries.colleague_for})
def take_over(user: User) -> Any:
    """Go on with what a colleague left."""
    session = http.session()
    try:
        taken = operations.take_over(session, actor=actor(), user_id=user.id)
    except TimebankError as error:
        session.rollback()
        return _page(session.get_one(User, user.id), error), error.status
    words = T("You go on with this. Things: {things}, forms that are yours now: {drafts}.", **_numbers(taken))
    flash(say(words))
    if taken.left:
        flash(say(T("Forms that somebody with the assessor's certificate takes over: {left}.", left=taken.left)))
    return redirect(url_for("handover.show", user_id=user.id), code=303)


def _numbers(taken: operations.TakenOver) -> dict[str, int]:
    return {"things": taken.things, "drafts": taken.drafts}
