"""Coverage of the district, the groups of a village, what one group did, and the pairs."""

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from timebank.areas.models import Area, AreaKind
from timebank.areas.queries import area_for, areas_within
from timebank.auth.guards import STAFF, actor, guard
from timebank.core import clock, forms, http, months
from timebank.core.actors import Role
from timebank.core.errors import NotFound, TimebankError
from timebank.core.i18n import gettext
from timebank.core.text import T
from timebank.mutual import operations, pictures, queries, rules
from timebank.mutual.models import GroupKind, GroupSession, HelpGroup, Pairing, PatrolRound, SessionState
from timebank.mutual.month_queries import month_of
from timebank.visiting.models import ContactForm, Outcome
from timebank.visiting.rules import OUTCOME_WORDS

bp = Blueprint("mutual", __name__)
_READERS = (*STAFF, Role.AUDITOR)
_WALKERS = (*STAFF, Role.VOLUNTEER)


def _chosen_area() -> Area:
    """The area that the address asks for, within the caller's; theirs where it asks for none."""
    scope = actor().scope
    found = area_for(http.session(), scope, request.args.get("area_code") or scope.area_code)
    if found is None:
        raise NotFound("http.404", T("There is no such page here, or it is not yours to see."))
    return found


@bp.get("/mutual-help")
@guard(*_READERS)
def overview() -> Any:
    """The three indicators of the places below an area, as a map and as a table; of a village, its groups."""
    area = _chosen_area()
    return _village_page(area.code[:12], {}, None) if len(area.code) >= 12 else _coverage_page(area)


def _coverage_page(area: Area) -> str:
    session, on = http.session(), clock.today()
    digits = 9 if len(area.code) < 9 else 12
    rows = queries.coverage(session, area.code, on, level_digits=digits)
    return render_template(
        "mutual/coverage.html",
        area=area,
        rows=sorted(rows, key=lambda row: (row.lowest, row.area_code)),
        total=rules.added(rows),
        picture=pictures.picture_of(rows),
        width=pictures.WIDTH,
        pairs=queries.count_pairs(session, area.code, on),
        waiting=_waiting_sessions(),
        rules=rules,
        on=on,
    )


def _waiting_sessions() -> list[tuple[GroupSession, HelpGroup, int]]:
    """Sessions of the caller's area that wait for a second person: with their group and how many helped."""
    session = http.session()
    found = queries.waiting_sessions(session, actor().scope)
    groups = queries.groups_by_id(session, [one.group_id for one in found])
    there = queries.attendees_of(session, [one.id for one in found])
    return [(one, groups[one.group_id], sum(part == "helped" for part, _ in there.get(one.id, []))) for one in found]


def _village_page(code: str, values: Any, error: TimebankError | None) -> str:
    session, on = http.session(), clock.today()
    groups = queries.groups_in(session, code, on)
    taken = {group.area_code for group, _ in groups}
    parts = areas_within(session, code, AreaKind.HELP_GROUP)
    return render_template(
        "mutual/village.html",
        area=session.get_one(Area, code),
        groups=groups,
        names={part.code: part for part in parts},
        free=[part for part in parts if part.code not in taken],
        needs_team=code not in taken,
        volunteers=queries.volunteers_to_choose(session, code),
        total=rules.added(queries.coverage(session, code, on, level_digits=12)),
        pairs=queries.count_pairs(session, code, on),
        waiting=_waiting_sessions(),
        may_write=actor().role in STAFF,
        values=values,
        error=error,
        rules=rules,
    )


@bp.post("/mutual-help/groups")
@guard(*STAFF)
def found_group() -> Any:
    """Call a group or a team together."""
    form, session = request.form, http.session()
    code = forms.text(form, "area_code", required=True, most=14)
    try:
        group = operations.found_group(
            session,
            actor=actor(),
            area_code=code,
            kind=GroupKind.TEAM if len(code) == 12 else GroupKind.GROUP,
            leader_id=forms.text(form, "leader_id", required=True, most=31),
            name=forms.text(form, "name", most=60),
        )
    except TimebankError as error:
        session.rollback()
        if not actor().scope.holds_area(code) or session.get(Area, code[:12]) is None:
            raise
        return _village_page(code[:12], form, error), error.status
    flash(gettext("It stands. Now take the neighbours in."))
    return redirect(url_for("mutual.show_group", group_id=group.id), code=303)


@bp.get("/mutual-help/groups/<string:group_id>")
@guard(*_READERS, Role.VOLUNTEER, load={"group_id": queries.group_for})
def show_group(group: HelpGroup) -> Any:
    """A group: who belongs to it, and what it did in a month."""
    return _group_page(group, {}, None)


def _group_page(group: HelpGroup, values: Any, error: TimebankError | None) -> str:
    session, on = http.session(), clock.today()
    month = months.parse_month(request.args.get("month") or months.of_date(on))
    members = queries.members_of(session, group.id, on)
    is_office = actor().scope.person_ids is None
    leads = is_office or group.leader_id == actor().person_id
    return render_template(
        "mutual/group.html",
        group=group,
        area=session.get_one(Area, group.area_code),
        members=members,
        others=_others(group, members) if leads else [],
        guests=queries.elders_in(session, group.area_code[:12]),
        month=month,
        last_month=months.preceding(month),
        next_month=months.following(month) if month < months.of_date(on) else "",
        done=month_of(session, group, month),
        leads=leads and actor().role != Role.AUDITOR,
        is_office=is_office and actor().role != Role.AUDITOR,
        outcomes=queries.outcomes,
        today=on,
        values=values,
        error=error,
        rules=rules,
    )


def _others(group: HelpGroup, members: list[Any]) -> list[Any]:
    known = {person.id for person in members}
    found = queries.volunteers_to_choose(http.session(), group.area_code[:12])
    return [person for person in found if person.id not in known]


@bp.post("/mutual-help/groups/<string:group_id>/members")
@guard(*_WALKERS, load={"group_id": queries.group_for})
def change_members(group: HelpGroup) -> Response:
    """Take somebody in, let somebody leave, or let a member lead."""
    form, session = request.form, http.session()
    person_id = forms.text(form, "person_id", required=True, most=31)
    change = forms.one_of(form, "change", ("join", "leave", "lead"))
    work = {"join": operations.join, "leave": operations.leave, "lead": operations.name_leader}[change]
    work(session, actor=actor(), group_id=group.id, person_id=person_id)
    flash(gettext("Written down."))
    return redirect(url_for("mutual.show_group", group_id=group.id), code=303)


@bp.post("/mutual-help/groups/<string:group_id>/end")
@guard(*STAFF, load={"group_id": queries.group_for})
def end_group(group: HelpGroup) -> Response:
    """Let a group fall asleep."""
    operations.end_group(http.session(), actor=actor(), group_id=group.id)
    flash(gettext("The group sleeps now. It can be called together again."))
    return redirect(url_for("mutual.overview", area_code=group.area_code[:12]), code=303)


@bp.post("/mutual-help/groups/<string:group_id>/rounds")
@guard(*_WALKERS, load={"group_id": queries.group_for})
def plan_round(group: HelpGroup) -> Response:
    """Make a round of doors."""
    form = request.form
    patrol = operations.plan_round(
        http.session(),
        actor=actor(),
        group_id=group.id,
        on=forms.calendar_date(form, "on"),
        elder_ids=form.getlist("elder_ids"),
    )
    return redirect(url_for("mutual.walk_round", round_id=patrol.id), code=303)


@bp.get("/mutual-help/rounds/<string:round_id>")
@guard(*_WALKERS, load={"round_id": queries.round_for})
def walk_round(round: PatrolRound) -> Any:
    """The doors to knock, in order, each with what came of it."""
    session = http.session()
    doors = queries.doors_of(session, [round.id]).get(round.id, [])
    return render_template(
        "mutual/round.html",
        patrol=round,
        group=session.get_one(HelpGroup, round.group_id),
        doors=doors,
        counts=queries.outcomes(doors),
        can_tell=round.on <= clock.today(),
        choices=OUTCOME_WORDS,
        own_id=actor().person_id,
    )


@bp.post("/mutual-help/rounds/<string:round_id>/doors")
@guard(*_WALKERS, load={"round_id": queries.round_for})
def tell_door(round: PatrolRound) -> Response:
    """Write down what came of a knock."""
    form = request.form
    operations.tell_door(
        http.session(),
        actor=actor(),
        round_id=round.id,
        door_id=forms.text(form, "door_id", required=True, most=31),
        outcome=forms.choice(form, "outcome", Outcome),
        form=ContactForm.DOOR,
        words=forms.text(form, "words", most=400),
    )
    flash(gettext("Written down."))
    return redirect(url_for("mutual.walk_round", round_id=round.id), code=303)


@bp.post("/mutual-help/groups/<string:group_id>/sessions")
@guard(*_WALKERS, load={"group_id": queries.group_for})
def tell_session(group: HelpGroup) -> Any:
    """Write down an afternoon together."""
    form, session = request.form, http.session()
    try:
        told = operations.SessionIn(
            on=forms.calendar_date(form, "on"),
            from_minute=forms.clock_minute(form, "from"),
            minutes=forms.whole_number(form, "minutes", least=15, most=480),
            topic=forms.one_of(form, "topic", rules.TOPICS),
            helped=form.getlist("helped"),
            came=form.getlist("came"),
        )
        operations.tell_session(session, actor=actor(), group_id=group.id, told=told)
    except TimebankError as error:
        session.rollback()
        return _group_page(session.get_one(HelpGroup, group.id), form, error), error.status
    flash(gettext("Written down. Somebody else agrees, then the hours go to the commons."))
    return redirect(url_for("mutual.show_group", group_id=group.id), code=303)


@bp.post("/mutual-help/sessions/<string:session_id>/decide")
@guard(*STAFF, load={"session_id": queries.session_for})
def decide_session(session: GroupSession) -> Response:
    """Accept a session that somebody else told, or send it back."""
    form = request.form
    if forms.one_of(form, "decision", (SessionState.ACCEPTED, SessionState.REJECTED)) == SessionState.ACCEPTED:
        operations.accept_session(http.session(), actor=actor(), session_id=session.id)
        flash(gettext("Agreed. The hours are in the commons."))
    else:
        reason = forms.text(form, "reason", required=True, most=200)
        operations.reject_session(http.session(), actor=actor(), session_id=session.id, reason=reason)
        flash(gettext("Sent back."))
    return redirect(url_for("mutual.show_group", group_id=session.group_id), code=303)


@bp.get("/mutual-help/pairs")
@guard(*_READERS)
def list_pairs() -> Any:
    """Who looks after whom, and elders in special difficulty without anybody."""
    return _pairs_page(_chosen_area(), {}, None)


def _pairs_page(area: Area, values: Any, error: TimebankError | None) -> str:
    session, on = http.session(), clock.today()
    is_village = len(area.code) >= 12
    return render_template(
        "mutual/pairs.html",
        area=area,
        villages=[] if is_village else areas_within(session, area.code[:9], AreaKind.VILLAGE),
        pairs=queries.pairings_in(session, area.code, on) if len(area.code) >= 9 else [],
        share=queries.count_pairs(session, area.code, on),
        alone=queries.alone_in(session, area.code, on) if is_village else [],
        helpers=queries.volunteers_to_choose(session, area.code[:12]) if is_village else [],
        may_write=actor().role in STAFF,
        values=values,
        error=error,
    )


@bp.post("/mutual-help/pairs")
@guard(*STAFF)
def make_pair() -> Any:
    """Make a pair."""
    form, session = request.form, http.session()
    area = area_for(session, actor().scope, forms.text(form, "area_code", required=True, most=14))
    if area is None:
        raise NotFound("areas.no_such_area", T("There is no such place."))
    try:
        operations.pair(
            session,
            actor=actor(),
            elder_id=forms.text(form, "elder_id", required=True, most=31),
            helper_id=forms.text(form, "helper_id", required=True, most=31),
        )
    except TimebankError as error:
        session.rollback()
        return _pairs_page(session.get_one(Area, area.code), form, error), error.status
    flash(gettext("They are a pair now. The plan sends this face first."))
    return redirect(url_for("mutual.list_pairs", area_code=area.code), code=303)


@bp.post("/mutual-help/pairs/<string:pairing_id>/end")
@guard(*STAFF, load={"pairing_id": queries.pairing_for})
def end_pair(pairing: Pairing) -> Response:
    """End a pair with a reason."""
    reason = forms.text(request.form, "reason", required=True, most=200)
    operations.end_pairing(http.session(), actor=actor(), pairing_id=pairing.id, reason=reason)
    flash(gettext("The pair has ended."))
    return redirect(url_for("mutual.list_pairs", area_code=pairing.area_code[:12]), code=303)


@bp.app_context_processor
def for_today() -> dict[str, Any]:
    """What the volunteer's page of today shows of mutual help: their groups, and rounds of these days."""

    def rounds_of_mine(person_id: str, on: date) -> list[tuple[HelpGroup, PatrolRound | None]]:
        session = http.session()
        groups = queries.groups_of(session, person_id, on)
        rounds = {one.group_id: one for one in queries.rounds_of(session, [group.id for group in groups], on, on)}
        return [(group, rounds.get(group.id)) for group in groups]

    return {"rounds_of_mine": rounds_of_mine}
