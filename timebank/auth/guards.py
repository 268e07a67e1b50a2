"""The one guard above every view: load through the caller's scope, check access, then act; commit once at the edge.

`@guard(Role.COORDINATOR, load={"visit_id": visit_for})` lets coordinators in, calls
`visit_for(session, scope, visit_id)` and hands the view `visit=…`; an object outside the scope is as absent as one
that does not exist. Unsafe methods run in one writing unit of work that the guard commits when the view returns; where
PostgreSQL breaks it off because two of them wait for each other, it is done again.
"""

import logging
from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import partial, wraps
from typing import Any

from flask import current_app, g, redirect, request, url_for
from flask import session as signed_in
from flask_login import current_user
from sqlmodel import Session

from timebank.audit.operations import note
from timebank.auth.models import Grant
from timebank.auth.queries import grants_on
from timebank.core import clock, db, http
from timebank.core.actors import SYSTEM, Actor, Role, Scope
from timebank.core.errors import NotAllowed, NotFound
from timebank.core.text import T

log = logging.getLogger("timebank")
Loader = Callable[[Session, Scope, str], Any]
ActsFor = Callable[[Session, str], frozenset[str]]
View = Callable[..., Any]

OFFICE = (Role.COORDINATOR, Role.SUPERVISOR, Role.BUREAU, Role.ADMINISTRATOR)
STAFF = (Role.ASSISTANT, *OFFICE)
MEMBERS = (Role.VOLUNTEER, Role.ELDER)
EVERY_ROLE = tuple(Role)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
ON_A_PHONE = "phone_id"  # in a session that a PIN opened: the paired phone it began on

MUST_CHANGE = "must_change"  # in a session that a first password opened: nothing else until its owner chose one
_BEFORE_THE_CHANGE = frozenset({"auth.password", "auth.change_password", "auth.leave"})


def public(view: View) -> View:
    """Declare a view that needs no login. Unsafe methods still run in one unit of work."""
    return _public(view, writes=True)


def public_in_steps(view: View) -> View:
    """Declare a view that needs no login and manages its own units of work: between them it may take its time."""
    return _public(view, writes=False)


def _public(view: View, *, writes: bool) -> View:
    open_view = _guarded(view, roles=(), load={}, writes=writes)
    open_view.__public__ = True  # type: ignore[attr-defined]
    return open_view


def guard(*roles: Role, load: Mapping[str, Loader] | None = None, writes: bool = True) -> Callable[[View], View]:
    """Declare who may use a view and what it works on.

    Parameters
    ----------
    roles
        Roles that may enter; the caller acts in the first of them that they hold and that sees what is loaded.
    load
        For each URL parameter `<thing>_id`, the query that finds it within the caller's scope; the view gets `<thing>`.
    writes
        False for an unsafe method that manages its own units of work (a planner run).
    """
    if not roles:
        raise ValueError("a guard names its roles; use @public for open views")
    return lambda view: _guarded(view, roles=roles, load=dict(load or {}), writes=writes)


def _guarded(view: View, *, roles: tuple[Role, ...], load: dict[str, Loader], writes: bool) -> View:
    @wraps(view)
    def guarded(**arguments: Any) -> Any:
        if request.method in _SAFE or not writes:
            return _enter(view, roles, load, arguments)
        http.close_session()  # a reading session opened by before-request hooks would not see our own writes

        def entered(session: Session) -> Any:
            g.session = session
            try:
                return _enter(view, roles, load, arguments)
            finally:
                g.pop("session", None)

        return db.in_one_unit(entered, before_again=partial(_as_it_came, deepcopy(dict(signed_in))))

    guarded.__guard__ = {"roles": roles, "load": sorted(load)}  # type: ignore[attr-defined]
    return guarded


def _as_it_came(signed_in_before: dict[str, Any]) -> None:
    """Take back what a view left in the request itself, so that it can be done again: flashes, files read to the end.

    All else that a view of one unit of work leaves, it leaves in the database.
    """
    log.warning("done again on %s: the database broke it off", request.endpoint)
    signed_in.clear()
    signed_in.update(signed_in_before)
    g.pop("_login_user", None)  # read with the unit of work that is gone
    for _, sent in request.files.items(multi=True):
        sent.stream.seek(0)


def _enter(view: View, roles: tuple[Role, ...], load: dict[str, Loader], arguments: dict[str, Any]) -> Any:
    if roles:
        if not current_user.is_authenticated:
            return _ask_to_sign_in()
        if MUST_CHANGE in signed_in and request.endpoint not in _BEFORE_THE_CHANGE:
            return _ask_for_own_password()
        g.actor, found = _who_finds(roles, load, arguments)
        arguments = {name: value for name, value in arguments.items() if name not in load} | found
    return view(**arguments)


def _ask_for_own_password() -> Any:
    if http.wants_json():
        return http.answer("auth.must_change", T("Choose a password of your own first."), 403)
    return redirect(url_for("auth.password"))


def _who_finds(
    roles: tuple[Role, ...], load: dict[str, Loader], arguments: dict[str, Any]
) -> tuple[Actor, dict[str, Any]]:
    """The first of the caller's roles and areas that may see everything the address names, and what that is."""
    for caller in _callers(roles):
        found = {}
        for name, query in load.items():
            thing = query(http.session(), caller.scope, arguments[name])
            if thing is None:
                break
            found[name.removesuffix("_id")] = thing
        else:
            return caller, found
    raise NotFound("http.404", T("There is no such page here, or it is not yours to see."))


def _ask_to_sign_in() -> Any:
    if http.wants_json():
        return http.answer("auth.sign_in", T("Please sign in again; nothing on this phone is lost."), 401)
    return redirect(url_for("auth.sign_in", next=request.full_path if request.method == "GET" else None))


_NAMES_AN_AREA = ("area_code", "area", "village_code", "group_code", "household_code")  # in addresses and forms


def _callers(roles: tuple[Role, ...]) -> list[Actor]:
    """What the caller may act as here, in the order of the guard's roles, the widest area first.

    Who holds a role in two townships, or two roles, works where the form or the address says.
    """
    held = every_actor()
    found = [caller for role in roles for caller in held if caller.role == role]
    if not found:
        _note_denial()
        raise NotAllowed(
            "auth.not_your_role", T("This page is for other people. Ask the township office if you need it.")
        )
    asked = next(filter(None, (request.values.get(name) for name in _NAMES_AN_AREA)), "")
    g.callers = sorted(found, key=lambda caller: bool(asked) and not caller.scope.holds_area(asked))
    return list(g.callers)


def elsewhere() -> list[str]:
    """The areas beside the one shown in which the reader may use this page as well, in the same role.

    Empty where the address names what the page is about, and for members, who see what concerns them wherever it is.
    """
    own: Actor | None = g.get("actor")
    if own is None or own.role in MEMBERS or request.method not in _SAFE or request.view_args:
        return []
    others = {caller.area_code for caller in g.callers if caller.role == own.role}
    apart = {code for code in others if not own.scope.holds_area(code) and not own.area_code.startswith(code)}
    return sorted(code for code in apart if not any(code != other and code.startswith(other) for other in apart))


def every_actor() -> list[Actor]:
    """What the signed-in user may act as today: one for each role they hold in an area, the widest area first."""
    session, person_id = http.session(), current_user.person_id
    acts_for: ActsFor = current_app.extensions["acts_for"]
    found = []
    for grant in _grants():
        stands_for = acts_for(session, person_id) if person_id and grant.role in MEMBERS else frozenset()
        found.append(Actor(current_user.id, grant.role, grant.area_code, person_id, stands_for))
    return found


def _grants() -> list[Grant]:
    """What the signed-in user holds today and may use here.

    A PIN opens the pages of a member only: who pairs a phone chooses its PIN, so an assistant could pair that of a
    supervisor.
    """
    held = grants_on(http.session(), current_user.id, clock.today())
    return [grant for grant in held if grant.role in MEMBERS or ON_A_PHONE not in signed_in]


def _note_denial() -> None:
    """Each denial leaves one event, in its own unit of work: the request's own is rolled back."""
    if "session" in g:
        g.session.rollback()  # first: SQLite has one writer, and a refused form would wait for itself
    http.close_session()
    with db.transaction() as session:
        note(session, actor=SYSTEM, action="auth.denied", subject_id=current_user.id, endpoint=request.endpoint)


def actor() -> Actor:
    """The caller of the guarded view."""
    found: Actor = g.actor
    return found


def lets_in(held: frozenset[Role], endpoint: str) -> bool:
    """Whether a view's guard names one of some roles, so that a page offers no button that refuses its reader."""
    view: Any = current_app.view_functions[endpoint]
    roles = view.__guard__["roles"]
    return not roles or not held.isdisjoint(roles)


def held_roles() -> frozenset[Role]:
    """Every role that the signed-in user may use here today; empty for strangers."""
    if not current_user.is_authenticated:
        return frozenset()
    return frozenset(grant.role for grant in _grants())
