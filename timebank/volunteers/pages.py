"""The volunteers of an area, the record of one, the roll of honour, and what a volunteer sees of it on the phone."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from timebank.auth.guards import STAFF, actor, guard
from timebank.careplans.models import ServiceKind
from timebank.core import clock, forms, http, months
from timebank.core.actors import Role
from timebank.core.errors import NotFound, TimebankError
from timebank.core.i18n import gettext
from timebank.core.text import T, Text
from timebank.people import operations as people
from timebank.people import queries as people_queries
from timebank.people.models import Person
from timebank.people.rules import QUALIFICATIONS, REAL_NAME_METHODS
from timebank.policies.queries import in_force
from timebank.volunteers import operations, queries, rules

bp = Blueprint("volunteers", __name__)
_READERS = (*STAFF, Role.AUDITOR)
_LONGEST_COURSE_MINUTES = 10_000


@bp.app_context_processor
def _words() -> dict[str, Any]:
    return {
        "level_words": rules.LEVELS,
        "gap_words": rules.GAPS,
        "paper_words": QUALIFICATIONS,
        "service_kinds": list(ServiceKind),
        "method_of_check": REAL_NAME_METHODS,
    }


@bp.get("/volunteers")
@guard(*_READERS)
def overview() -> Any:
    """How many volunteers there are, who may do what, and whose papers run out."""
    session, scope, today = http.session(), actor().scope, clock.today()
    return render_template(
        "volunteers/overview.html",
        ready=queries.readiness(session, scope, today),
        papers=queries.running_out(session, scope, today),
        today=today,
    )


@bp.get("/honours")
@guard(*_READERS, Role.VOLUNTEER)
def honours() -> Any:
    """Who helped most in a year, read from the book of hours; volunteers see their own village."""
    year = forms.whole_number(request.args, "year", least=2000, most=2100) if "year" in request.args else None
    shown = year or clock.today().year
    scope = queries.area_scope(actor())
    rows = queries.roll_of_honour(http.session(), scope, shown)
    return render_template("volunteers/honours.html", rows=rows, year=shown, this_year=clock.today().year)


@bp.get("/me/papers")
@guard(Role.VOLUNTEER)
def own() -> Any:
    """A volunteer's own record: what I may do, what is missing, what runs out, my level and stars."""
    person_id = actor().person_id
    person = http.session().get(Person, person_id) if person_id else None
    if person is None:
        raise NotFound("visits.no_person", T("This login belongs to no person. Ask the township office."))
    return render_template("volunteers/own.html", **_record_of(person))


@bp.get("/volunteers/<string:person_id>")
@guard(*_READERS, load={"person_id": people_queries.person_for})
def record(person: Person) -> Any:
    """One volunteer: checked identity, papers, what they may do, hours, level, guardian."""
    return _page(person, None)


def _page(person: Person, error: TimebankError | None, values: Any = ()) -> str:
    today = clock.today()
    return render_template(
        "volunteers/record.html",
        **_record_of(person),
        methods=REAL_NAME_METHODS.items(),
        guardians=queries.guardians_of(http.session(), person.id),
        guardian_words=rules.GUARDIANS,
        close=[(one.id, Text(one.name)) for one in people_queries.close_people(http.session(), person)],
        is_minor=months.age_on(person.born_on, today) < rules.ADULT,
        may_write=actor().role != Role.AUDITOR,
        values=values or {},
        error=error,
    )


def _record_of(person: Person) -> dict[str, Any]:
    session, today = http.session(), clock.today()
    standing = queries.standings(session, [person], today)[person.id]
    policy = in_force(session, person.area_code, today)
    minutes = queries.helped_minutes_of(session, person)
    return {
        "person": person,
        "check": people_queries.real_name_checks(session, [person.id]).get(person.id),
        "papers": people_queries.papers_of(session, person.id),
        "gaps": {kind.value: rules.gaps(kind.value, standing, policy) for kind in ServiceKind},
        "minutes": minutes,
        "stars": rules.stars(minutes, policy),
        "level": rules.level(minutes, standing.papers, policy),
        "today": today,
    }


def _saved(person: Person, message: str) -> Any:
    flash(message)
    return redirect(url_for("volunteers.record", person_id=person.id), code=303)


def _refused(person: Person, error: TimebankError) -> Any:
    http.session().rollback()
    return _page(http.session().get_one(Person, person.id), error, request.form), error.status


@bp.post("/volunteers/<string:person_id>/real-name")
@guard(*STAFF, load={"person_id": people_queries.person_for})
def check_real_name(person: Person) -> Any:
    """Keep that the identity card was seen, or that it did not fit."""
    form = request.form
    try:
        people.check_real_name(
            http.session(),
            actor=actor(),
            person_id=person.id,
            passed=forms.one_of(form, "passed", ("yes", "no")) == "yes",
            method=forms.text(form, "method", required=True, most=24),
            id_number=forms.text(form, "id_number", most=18),
        )
    except TimebankError as error:
        return _refused(person, error)
    return _saved(person, gettext("The check of the identity is kept."))


@bp.post("/volunteers/<string:person_id>/papers")
@guard(*STAFF, load={"person_id": people_queries.person_for})
def add_paper(person: Person) -> Any:
    """Enter a training, insurance, health check or agreement."""
    form = request.form
    try:
        people.add_qualification(
            http.session(),
            actor=actor(),
            person_id=person.id,
            kind=forms.text(form, "kind", required=True, most=24),
            valid_from_on=forms.calendar_date(form, "valid_from_on"),
            valid_until_on=forms.calendar_date(form, "valid_until_on"),
            evidence=forms.text(form, "evidence", most=200),
            title=forms.text(form, "title", most=120),
            issuer=forms.text(form, "issuer", most=80),
            length_minutes=forms.whole_number(form, "length_minutes", least=0, most=_LONGEST_COURSE_MINUTES)
            if form.get("length_minutes")
            else 0,
        )
    except TimebankError as error:
        return _refused(person, error)
    return _saved(person, gettext("Saved."))


@bp.post("/volunteers/<string:person_id>/papers/<string:paper_id>/end")
@guard(*STAFF, load={"person_id": people_queries.person_for})
def end_paper(person: Person, paper_id: str) -> Any:
    """End a paper at once."""
    people.revoke_qualification(http.session(), actor=actor(), person_id=person.id, qualification_id=paper_id)
    return _saved(person, gettext("Ended. From today it opens no gate."))


@bp.post("/volunteers/<string:person_id>/guardian")
@guard(*STAFF, load={"person_id": people_queries.person_for})
def let_minor_help(person: Person) -> Any:
    """Keep a guardian's consent."""
    form = request.form
    try:
        operations.let_minor_help(
            http.session(),
            actor=actor(),
            person_id=person.id,
            guardian_id=forms.text(form, "guardian_id", required=True, most=31),
            relation=forms.text(form, "relation", required=True, most=24),
            ends_on=forms.calendar_date(form, "ends_on"),
            evidence=forms.text(form, "evidence", most=200),
        )
    except TimebankError as error:
        return _refused(person, error)
    return _saved(person, gettext("The guardian's consent is kept."))


@bp.post("/volunteers/<string:person_id>/guardian/<string:consent_id>/end")
@guard(*STAFF, load={"person_id": people_queries.person_for})
def end_guardian_consent(person: Person, consent_id: str) -> Any:
    """Take a guardian's consent back."""
    operations.end_guardian_consent(http.session(), actor=actor(), person_id=person.id, consent_id=consent_id)
    return _saved(person, gettext("The consent is withdrawn."))
