"""The visiting list of a village, one elder on it, the search for whom nobody reached, and the visiting rate."""

import csv
import io
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Redirect

from timebank.areas.models import Area, AreaKind
from timebank.areas.queries import area_for, areas_within
from timebank.auth.guards import OFFICE, STAFF, actor, guard
from timebank.core import clock, forms, http, months
from timebank.core.actors import Role
from timebank.core.errors import NotFound, TimebankError
from timebank.core.i18n import current_locale, gettext, say
from timebank.core.text import T
from timebank.people.models import Person
from timebank.people.queries import person_for, phone_of
from timebank.policies.queries import in_force
from timebank.visiting import operations, queries, rules
from timebank.visiting.door_queries import unanswered_doors
from timebank.visiting.models import ContactForm, Outcome, StepKind, UnreachedCase
from timebank.visits.models import Visit
from timebank.visits.queries import visit_for

bp = Blueprint("visiting", __name__)
_MOST_ROWS = 200


def _chosen_area() -> Area:
    """The area that the address asks for, within the caller's; theirs where it asks for none."""
    scope = actor().scope
    found = area_for(http.session(), scope, request.args.get("area_code") or scope.area_code)
    if found is None:
        raise NotFound("http.404", T("There is no such page here, or it is not yours to see."))
    return found


@bp.get("/visiting")
@guard(*STAFF, Role.AUDITOR)
def visiting_list() -> Any:
    """Who is to be visited, the longest overdue first, and how many searches are open."""
    session, on, area = http.session(), clock.today(), _chosen_area()
    rows = queries.visiting_list(session, area.code, on)
    overdue = sum(row.is_overdue(on) for row in rows)
    return render_template(
        "visiting/list.html",
        area=area,
        parts=_parts(area),
        rows=rows[:_MOST_ROWS],
        total=len(rows),
        overdue=overdue,
        on=on,
        searches=queries.count_searches(session, area.code),
        rules=rules,
        may_write=actor().role in STAFF,
    )


def _parts(area: Area) -> list[Area]:
    """The places below the caller's area, to narrow the list: townships of the district, villages of a township."""
    kinds = {6: AreaKind.TOWNSHIP, 9: AreaKind.VILLAGE}
    size = len(actor().area_code)
    return areas_within(http.session(), actor().area_code, kinds[size]) if size in kinds else [area]


@bp.get("/visiting/of/<string:person_id>")
@guard(*STAFF, Role.AUDITOR, load={"person_id": person_for})
def show_elder(person: Person) -> Any:
    """Why an elder is visited as closely as they are, what was written down, and the form for a contact."""
    return _elder_page(person, {}, None)


def _elder_page(person: Person, values: Any, error: TimebankError | None) -> str:
    session = http.session()
    records = queries.records_of(session, person.id)
    may_write = actor().role in STAFF
    return render_template(
        "visiting/elder.html",
        person=person,
        listed=queries.listed(session, person, clock.today()),
        decision=queries.decision_of(session, person.id),
        records=[(record, queries.answers_of(record) if may_write else {}) for record in records],
        phone=phone_of(person) if may_write else "",
        rules=rules,
        values=values,
        error=error,
        today=clock.today(),
        may_write=may_write,
    )


@bp.post("/visiting/of/<string:person_id>")
@guard(*STAFF, load={"person_id": person_for})
def record(person: Person) -> Any:
    """Write down a knock, a call or a video call; what was typed stays when something is refused."""
    form, session = request.form, http.session()
    try:
        contact = operations.Contact(
            elder_id=person.id,
            on=forms.calendar_date(form, "on"),
            form=forms.choice(form, "form", ContactForm),
            outcome=forms.choice(form, "outcome", Outcome),
            answers={name: form[name] for name in rules.QUESTIONS if form.get(name)},
            words=forms.text(form, "words", most=operations.MAX_WORDS),
        )
        operations.record_contact(session, actor=actor(), contact=contact)
    except TimebankError as error:
        session.rollback()
        return _elder_page(person, form, error), error.status
    if contact.outcome == Outcome.NO_ANSWER:
        flash(gettext("Written down. The search begins; somebody goes and looks."))
        return redirect(url_for("visiting.searches"), code=303)
    flash(gettext("Written down."))
    return redirect(url_for("visiting.visiting_list"), code=303)


@bp.post("/visiting/of/<string:person_id>/tier")
@guard(*STAFF, load={"person_id": person_for})
def decide(person: Person) -> Redirect:
    """Look again how closely an elder is to be visited, by the rules."""
    decision = operations.decide_tier(http.session(), actor=actor(), elder_id=person.id)
    flash(gettext("By the rules: {tier}.", tier=say(rules.TIER_WORDS[decision.tier])))
    return redirect(url_for("visiting.show_elder", person_id=person.id), code=303)


@bp.get("/visiting/searches")
@guard(*STAFF, Role.AUDITOR)
def searches() -> Any:
    """Elders whom nobody reached, the most urgent first: what was done, what comes next and until when."""
    session, area_code = http.session(), actor().scope.area_code
    found = queries.searches(session, area_code)
    doors = unanswered_doors(session, area_code, clock.today())
    elders = {door.visit.elder_id: session.get_one(Person, door.visit.elder_id) for door in doors}
    return render_template(
        "visiting/searches.html",
        rows=found,
        doors=doors,
        elders=elders,
        phones={row.elder.id: phone_of(row.elder) for row in found},
        closed=queries.searches(session, area_code, closed=True),
        words_of=queries.words_of,
        rules=rules,
        now=clock.now(),
        steps_left=_steps_left,
        Outcome=Outcome,
        StepKind=StepKind,
        may_write=actor().role in STAFF,
    )


def _steps_left(search: queries.Search) -> list[StepKind]:
    """The rungs above the last one taken."""
    highest = max((rules.LADDER.index(step.kind) for step in search.steps), default=-1)
    return list(rules.LADDER[highest + 1 :])


@bp.post("/visiting/searches/begin/<string:visit_id>")
@guard(*STAFF, load={"visit_id": visit_for})
def begin(visit: Visit) -> Redirect:
    """Begin the search for the elder of a visit at which nobody answered."""
    operations.begin_search(http.session(), actor=actor(), visit_id=visit.id)
    flash(gettext("The search begins."))
    return redirect(url_for("visiting.searches"), code=303)


@bp.post("/visiting/searches/<string:search_id>")
@guard(*STAFF, load={"search_id": queries.case_for})
def step(search: UnreachedCase) -> Redirect:
    """Write down a step of the search."""
    form = request.form
    taken = operations.take_step(
        http.session(),
        actor=actor(),
        case_id=search.id,
        kind=forms.choice(form, "kind", StepKind),
        outcome=forms.choice(form, "outcome", Outcome),
        words=forms.text(form, "words", most=operations.MAX_WORDS),
    )
    raised = gettext("The alarm is raised. Call 120 now if a life is in danger.")
    flash(raised if taken.event_id else gettext("Written down."))
    return redirect(url_for("visiting.searches"), code=303)


@bp.post("/visiting/searches/<string:search_id>/answer")
@guard(*STAFF, load={"search_id": queries.case_for})
def answer(search: UnreachedCase) -> Redirect:
    """Write down who took the alarm in hand and how the elder is; the search ends."""
    words = forms.text(request.form, "words", required=True, most=operations.MAX_WORDS)
    operations.answer_search(http.session(), actor=actor(), case_id=search.id, words=words)
    flash(gettext("Written down. The search is over."))
    return redirect(url_for("visiting.searches"), code=303)


@bp.get("/visiting-rate")
@guard(*STAFF, Role.AUDITOR)
def visiting_rate() -> Any:
    """月探访率 by township or village, the lowest first."""
    area, month, rows = _rate()
    return render_template(
        "visiting/rate.html",
        rows=rows,
        month=month,
        area=area,
        digits=_digits(area),
        total=queries.total_rate(rows),
        low_percent=in_force(http.session(), area.code, clock.today()).number("visiting.low_rate_percent"),
    )


def _digits(area: Area) -> int:
    return 9 if len(area.code) == 6 else 12


def _rate() -> tuple[Area, str, list[queries.VisitingRate]]:
    area = _chosen_area()
    month = months.parse_month(request.args.get("month") or months.of_date(clock.today()))
    rows = queries.visiting_rate(http.session(), area.code, month, level_digits=_digits(area))
    return area, month, sorted(rows, key=lambda row: (row.percent is None, row.percent, row.area_code))


@bp.get("/visiting-rate.csv")
@guard(*OFFICE, Role.AUDITOR)
def export_rate() -> Response:
    """The same figures as a table for the spreadsheet."""
    area, month, rows = _rate()
    is_chinese, out = current_locale() == "zh", io.StringIO()
    out.write("\ufeff")
    table = csv.writer(out)
    head = (T("Code"), T("Place"), T("Month"), T("On the list"), T("Visited"), T("Percent"))
    table.writerow([say(word) for word in head])
    for row in rows:
        name = row.name_zh if is_chinese else row.name_en
        table.writerow([row.area_code, name, month, row.registered, row.visited, row.percent])
    file = f'attachment; filename="visiting-rate-{area.code}-{month}.csv"'
    return Response(out.getvalue(), mimetype="text/csv", headers={"Content-Disposition": file})
