"""What the coordinator's board talks to. Every change names the revision it was made on and answers with the board."""

from typing import Annotated, Any, Literal, TypeVar

from flask import Blueprint, jsonify, request, url_for
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from timebank.areas.models import AreaKind
from timebank.areas.queries import areas_within
from timebank.areas.words import area_name
from timebank.auth.guards import actor, guard
from timebank.careplans.models import ServiceKind
from timebank.core import http
from timebank.core.errors import BadInput
from timebank.core.text import T
from timebank.dayplans import operations, queries
from timebank.dayplans.adapter.hand import Move
from timebank.dayplans.models import DayPlan, PlannerRun
from timebank.dayplans.operations.repair import Incident
from timebank.dayplans.operations.runs import is_lost
from timebank.dayplans.pages import PLANNERS, start_run
from timebank.dayplans.queries.answers import better_places, preview
from timebank.dayplans.queries.board import Opened, board_of, changed_board, changes_since, opened
from timebank.dayplans.queries.compare import comparison
from timebank.dayplans.queries.explanations import explanation, why
from timebank.dayplans.queries.live import live_of
from timebank.dayplans.streams import stream_of
from timebank.people.queries import search_people

bp = Blueprint("dayplans_api", __name__, url_prefix="/api/days")
Body = TypeVar("Body", bound=BaseModel)
Id = Annotated[str, Field(max_length=40)]
Minute = Annotated[int, Field(ge=0, lt=24 * 60)]
Revision = Annotated[int, Field(ge=1, le=1_000_000)]


class MoveBody(BaseModel):
    """One task to a carer, not before a minute of the day; no carer takes it out."""

    model_config = ConfigDict(extra="forbid")
    task: Id
    carer: Id | None
    starts: Minute | None = None


class MovesBody(BaseModel):
    """Moves that belong together."""

    model_config = ConfigDict(extra="forbid")
    revision: Revision
    moves: Annotated[list[MoveBody], Field(min_length=1, max_length=12)]


class LockBody(BaseModel):
    """Hold a task (`visit`: who and when, `pair`: who) or a carer's day, or let go."""

    model_config = ConfigDict(extra="forbid")
    revision: Revision
    kind: Literal["visit", "pair", "carer", "none"]
    subject: Id


class RevisionBody(BaseModel):
    """The revision somebody looks at."""

    model_config = ConfigDict(extra="forbid")
    revision: Revision


class IncidentBody(BaseModel):
    """What happened, see operations.repair.Incident."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["ill", "no_show", "late", "road", "urgent", "sos", "cancelled"]
    carer: Id = ""
    until: Minute = 0
    from_code: Annotated[str, Field(max_length=14)] = ""
    to_code: Annotated[str, Field(max_length=14)] = ""
    extra_minutes: Annotated[int, Field(ge=1, le=600)] | None = None
    elder_id: Id = ""
    service: ServiceKind = ServiceKind.VISIT
    minutes: Annotated[int, Field(ge=5, le=480)] = 60
    visit_id: Id = ""


def _read(kind: type[Body]) -> Body:
    """The body of the request, or a refusal that names the field."""
    try:
        return kind.model_validate(request.get_json(silent=True))
    except ValidationError as error:
        field = ".".join(str(part) for part in error.errors()[0]["loc"])
        text = T("What was sent could not be read ({field}). Open the board again.", field=field)
        raise BadInput("dayplans.unreadable", text, field=field or None) from None


def _changed(before: Opened, row: DayPlan) -> Any:
    return jsonify(changed_board(http.session(), before, row))


@bp.get("/<string:day_plan_id>")
@guard(*PLANNERS, load={"day_plan_id": queries.day_plan_for})
def show(day_plan: DayPlan) -> Any:
    """The whole board of a version, and where it was made from another one, how it differs from that."""
    session = http.session()
    before = session.get(DayPlan, day_plan.amends_id) if day_plan.amends_id else None
    return jsonify(
        board_of(session, day_plan) | {"comparison": comparison(session, before, day_plan) if before else None}
    )


@bp.get("/<string:day_plan_id>/changes")
@guard(*PLANNERS, load={"day_plan_id": queries.day_plan_for})
def changes(day_plan: DayPlan) -> Any:
    """What was changed by hand, the newest first, as sentences."""
    return jsonify(changes=changes_since(http.session(), day_plan))


@bp.post("/<string:day_plan_id>/moves")
@guard(*PLANNERS, load={"day_plan_id": queries.day_plan_for})
def move(day_plan: DayPlan) -> Any:
    """Move visits; what is different on the board afterwards."""
    body, before = _read(MovesBody), opened(http.session(), day_plan)
    row = operations.move_by_hand(
        http.session(), actor=actor(), day_plan_id=day_plan.id, revision=body.revision, moves=_moves(body)
    )
    return _changed(before, row)


def _moves(body: MovesBody) -> list[Move]:
    return [Move(one.task, one.carer, one.starts) for one in body.moves]


@bp.post("/<string:day_plan_id>/preview")
@guard(*PLANNERS, load={"day_plan_id": queries.day_plan_for}, writes=False)
def try_move(day_plan: DayPlan) -> Any:
    """What a move would break and cost; nothing is written."""
    return jsonify(preview(http.session(), day_plan, _moves(_read(MovesBody))))


@bp.get("/<string:day_plan_id>/places/<string:visit_id>")
@guard(*PLANNERS, load={"day_plan_id": queries.day_plan_for})
def places(day_plan: DayPlan, visit_id: str) -> Any:
    """The best places of a visit, carer by carer, with the cost or what stands against it."""
    return jsonify(places=better_places(http.session(), day_plan, visit_id))


@bp.get("/<string:day_plan_id>/why/<string:visit_id>")
@guard(*PLANNERS, load={"day_plan_id": queries.day_plan_for})
def show_why(day_plan: DayPlan, visit_id: str) -> Any:
    """Why who comes comes, and how many others cannot, for which reason: what is plain to see."""
    return jsonify(why(http.session(), day_plan, visit_id))


@bp.get("/<string:day_plan_id>/explanations/<string:visit_id>")
@guard(*PLANNERS, load={"day_plan_id": queries.day_plan_for})
def explain(day_plan: DayPlan, visit_id: str) -> Any:
    """What the planner finds in some seconds: rules in conflict, what would make it possible, what each carer says."""
    return jsonify(explanation(http.session(), day_plan, visit_id))


@bp.post("/<string:day_plan_id>/locks")
@guard(*PLANNERS, load={"day_plan_id": queries.day_plan_for})
def lock(day_plan: DayPlan) -> Any:
    """Lock or unlock a visit, a pair or a carer."""
    body, session = _read(LockBody), http.session()
    before = opened(session, day_plan)
    if body.kind == "none":
        row = operations.unlock(
            session, actor=actor(), day_plan_id=day_plan.id, revision=body.revision, subject=body.subject
        )
    else:
        row = operations.lock(
            session,
            actor=actor(),
            day_plan_id=day_plan.id,
            revision=body.revision,
            kind=body.kind,
            subject=body.subject,
        )
    return _changed(before, row)


@bp.post("/<string:day_plan_id>/undo")
@guard(*PLANNERS, load={"day_plan_id": queries.day_plan_for})
def undo(day_plan: DayPlan) -> Any:
    """Take the last change back."""
    body, session = _read(RevisionBody), http.session()
    before = opened(session, day_plan)
    return _changed(before, operations.undo(session, actor=actor(), day_plan_id=day_plan.id, revision=body.revision))


@bp.post("/<string:day_plan_id>/publish")
@guard(*PLANNERS, load={"day_plan_id": queries.day_plan_for})
def publish(day_plan: DayPlan) -> Any:
    """Publish the version that was looked at."""
    body, session = _read(RevisionBody), http.session()
    row = operations.publish_day(session, actor=actor(), day_plan_id=day_plan.id, revision=body.revision)
    return jsonify(board_of(session, row))


@bp.post("/<string:day_plan_id>/take-over")
@guard(*PLANNERS, load={"day_plan_id": queries.day_plan_for})
def take_over(day_plan: DayPlan) -> Any:
    """Begin a new draft from this version, for the day as it stands now; where its board is."""
    return _next(operations.take_over(http.session(), actor=actor(), day_plan_id=day_plan.id))


@bp.post("/<string:day_plan_id>/repairs")
@guard(*PLANNERS, load={"day_plan_id": queries.day_plan_for})
def repair(day_plan: DayPlan) -> Any:
    """Something happened: the repaired day as a draft, to be looked at as a difference."""
    incident = Incident(**_read(IncidentBody).model_dump())
    return _next(operations.repair(http.session(), actor=actor(), day_plan_id=day_plan.id, incident=incident))


def _next(row: DayPlan) -> Any:
    return jsonify(id=row.id, version=row.version, url=url_for("dayplans.show_board", day_plan_id=row.id))


@bp.post("/<string:day_plan_id>/discard")
@guard(*PLANNERS, load={"day_plan_id": queries.day_plan_for})
def discard(day_plan: DayPlan) -> Any:
    """Put a draft aside; where the day that counts is."""
    session = http.session()
    row = operations.discard(session, actor=actor(), day_plan_id=day_plan.id)
    return _next(queries.latest_plan(session, row.area_code, row.on) or row)


@bp.get("/<string:day_plan_id>/differences/<string:other_id>")
@guard(*PLANNERS, load={"day_plan_id": queries.day_plan_for, "other_id": queries.day_plan_for})
def differences(day_plan: DayPlan, other: DayPlan) -> Any:
    """How this version differs from another one, step by step and in figures."""
    return jsonify(comparison(http.session(), other, day_plan))


@bp.get("/<string:day_plan_id>/live")
@guard(*PLANNERS, load={"day_plan_id": queries.day_plan_for})
def live(day_plan: DayPlan) -> Any:
    """Where the visits of the day stand now: arrivals, departures, answers, what stands out."""
    return jsonify(live_of(http.session(), day_plan))


@bp.get("/<string:day_plan_id>/stream")
@guard(*PLANNERS, load={"day_plan_id": queries.day_plan_for})
def stream(day_plan: DayPlan) -> Any:
    """Server-sent events: says when the day has changed; ends by itself and is opened again by the browser."""
    answer = stream_of(day_plan.id)
    answer.headers["X-Accel-Buffering"] = "no"
    return answer


@bp.get("/<string:day_plan_id>/versions")
@guard(*PLANNERS, load={"day_plan_id": queries.day_plan_for})
def versions(day_plan: DayPlan) -> Any:
    """All versions of the day, the newest first."""
    rows = queries.versions_of(http.session(), day_plan.area_code, day_plan.on)
    return jsonify(
        versions=[
            {
                "id": row.id,
                "version": row.version,
                "state": row.state.value,
                "cost": row.cost,
                "left_out": row.left_out,
                "made_at": row.made_at.isoformat(),
                "url": url_for("dayplans.show_board", day_plan_id=row.id),
            }
            for row in rows
        ]
    )


@bp.post("/<string:day_plan_id>/runs")
@guard(*PLANNERS, load={"day_plan_id": queries.day_plan_for}, writes=False)
def begin_run(day_plan: DayPlan) -> Any:
    """Plan the day again, in a process of its own, with the locks of this version."""
    _read(RevisionBody)
    return jsonify(_run(start_run(day_plan.area_code, day_plan.on, day_plan.version, day_plan.id)))


@bp.get("/<string:day_plan_id>/runs/<string:run_id>")
@guard(*PLANNERS, load={"day_plan_id": queries.day_plan_for, "run_id": queries.run_for})
def show_run(day_plan: DayPlan, run: PlannerRun) -> Any:
    """The planner at work: how the cost falls; where its plan is once it is there."""
    return jsonify(_run(run))


@bp.post("/<string:day_plan_id>/runs/<string:run_id>/stop")
@guard(*PLANNERS, load={"day_plan_id": queries.day_plan_for, "run_id": queries.run_for})
def stop_run(day_plan: DayPlan, run: PlannerRun) -> Any:
    """Good enough: end with the best plan known."""
    return jsonify(_run(operations.ask_to_stop(http.session(), actor=actor(), run_id=run.id)))


def _run(run: PlannerRun) -> dict[str, Any]:
    made = run.day_plan_id
    return {
        "id": run.id,
        "state": run.state.value,
        "died": is_lost(run),
        "seconds": run.seconds,
        "elapsed": operations.elapsed_seconds(run),
        "tasks": run.tasks,
        "curve": run.curve,
        "url": url_for("dayplans.show_board", day_plan_id=made) if made else None,
    }


@bp.get("/<string:day_plan_id>/elders")
@guard(*PLANNERS, load={"day_plan_id": queries.day_plan_for})
def elders(day_plan: DayPlan) -> Any:
    """Elders of the township by name, pinyin or household, for an urgent visit."""
    found = search_people(
        http.session(),
        actor().scope,
        words=request.args.get("q", "")[:40],
        area_code=day_plan.area_code,
        kind="elder",
    )
    villages = {one.code: area_name(one) for one in areas_within(http.session(), day_plan.area_code, AreaKind.VILLAGE)}
    where = {one.id: f"{villages.get(one.area_code[:12], '')} {one.household_code}".strip() for one in found}
    return jsonify(elders=[{"id": one.id, "name": one.name, "where": where[one.id]} for one in found])
