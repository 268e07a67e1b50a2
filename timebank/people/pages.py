"""Finding, registering and keeping people: the desk of the village assistant and the township."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from timebank.areas.models import AreaKind
from timebank.areas.queries import areas_within
from timebank.auth.guards import OFFICE, STAFF, actor, guard
from timebank.core import clock, forms, http
from timebank.core.actors import Role
from timebank.core.errors import TimebankError
from timebank.core.i18n import gettext, say
from timebank.core.text import T, listed
from timebank.people import effects, operations, queries, rules
from timebank.people.finding import the_one
from timebank.people.models import Person, PersonState, Sex
from timebank.people.words import CONSENT_WORDS, PERSON_STATE_WORDS

bp = Blueprint("people", __name__)
_PARTS = {6: AreaKind.TOWNSHIP, 9: AreaKind.VILLAGE}  # by how many digits the caller's area has


@bp.app_context_processor
def _words() -> dict[str, Any]:
    return {"person_state_words": PERSON_STATE_WORDS}


@bp.get("/people")
@guard(*STAFF, Role.AUDITOR)
def list_people() -> Any:
    """One page of people of the caller's area, by words, village and kind."""
    given = {key: request.args.get(key, "") for key in ("words", "area_code", "kind", "after_id")}
    asked = {key: value if value.isprintable() else "" for key, value in given.items()}
    session, scope = http.session(), actor().scope
    found = queries.search_people(session, scope, **asked)
    parts = areas_within(session, scope.area_code, _PARTS.get(len(scope.area_code), AreaKind.HELP_GROUP))
    return render_template(
        "people/list.html",
        people=found,
        asked=asked,
        parts=parts,
        villages=queries.villages_of(session, found),
        today=clock.today(),
        may_import=actor().role in OFFICE,
        may_write=actor().role != Role.AUDITOR,
    )


@bp.get("/people/new")
@guard(*STAFF)
def new_person() -> Any:
    """The form to register somebody on the spot."""
    return _form({"household_code": request.args.get("household_code", "")}, None)


def _form(values: Any, error: TimebankError | None) -> str:
    return render_template("people/new.html", values=values, error=error, tags=rules.TAGS, sexes=list(Sex))


@bp.post("/people/new")
@guard(*STAFF)
def register_person() -> Any:
    """Register somebody; what was typed stays when something is refused."""
    form = request.form
    try:
        given = operations.NewPerson(
            household_code=forms.text(form, "household_code", required=True, most=20),
            name=forms.text(form, "name", required=True),
            sex=forms.choice(form, "sex", Sex),
            born_on=forms.calendar_date(form, "born_on"),
            id_number=forms.text(form, "id_number", most=18),
            phone=forms.text(form, "phone", most=20),
            dialect=forms.text(form, "dialect", most=20),
            tags=forms.choices(form, "tags", rules.TAGS),
            is_elder="is_elder" in form,
            is_volunteer="is_volunteer" in form,
        )
        known = _registered(given)
        person = known or operations.register(http.session(), actor=actor(), given=given)
    except TimebankError as error:
        return _form(form, error), error.status
    is_known = gettext("{name} is in the book already.", name=person.name)
    flash(is_known if known else gettext("Registered: {name}.", name=person.name))
    return redirect(url_for("people.show_person", person_id=person.id), code=303)


def _registered(given: operations.NewPerson) -> Person | None:
    """Who a second press of the button would register once more."""
    name = rules.check_name(given.name)
    found = queries.same_person(http.session(), household_code=given.household_code, name=name, born_on=given.born_on)
    return found if found and actor().scope.holds_area(found.area_code) and found.merged_into_id is None else None


@bp.get("/households/new")
@guard(*STAFF)
def new_household() -> Any:
    """The form for a door that nobody is registered behind yet."""
    return _household_form({}, None)


def _household_form(values: Any, error: TimebankError | None) -> str:
    groups = areas_within(http.session(), actor().area_code, AreaKind.HELP_GROUP)
    return render_template("people/new_household.html", values=values, error=error, groups=groups)


@bp.post("/households/new")
@guard(*STAFF)
def open_household() -> Any:
    """Open a home, then register who lives there."""
    form = request.form
    try:
        home, is_new = operations.open_household(
            http.session(),
            actor=actor(),
            group_code=forms.text(form, "group_code", required=True, most=14),
            door=forms.text(form, "door", required=True, most=4),
            landmark=forms.text(form, "landmark", required=True, most=60),
        )
    except TimebankError as error:
        return _household_form(form, error), error.status
    flash(gettext("The home is in the book.") if is_new else gettext("This home was in the book already."))
    return redirect(url_for("people.new_person", household_code=home.code), code=303)


@bp.get("/people/<string:person_id>")
@guard(*STAFF, Role.AUDITOR, load={"person_id": queries.person_for})
def show_person(person: Person) -> Any:
    """What the office needs to know about somebody today."""
    session = http.session()
    return render_template(
        "people/show.html",
        person=person,
        household=queries.household_for(session, actor().scope, person.household_code),
        kept=session.get(Person, person.merged_into_id) if person.merged_into_id else None,
        close=queries.close_people(session, person),
        cases=queries.open_cases_of(session, person.id),
        death=queries.death_of(session, person),
        proxies=queries.proxies_of(session, person.id),
        consents=queries.consents_of(session, person.id),
        rules=rules,
        consent_words=CONSENT_WORDS,
        states=[state for state in PersonState if state != PersonState.MERGED],
        today=clock.today(),
    )


@bp.post("/people/<string:person_id>/state")
@guard(*STAFF, load={"person_id": queries.person_for})
def change_state(person: Person) -> Response:
    """In hospital, away, back, moved, died."""
    state = forms.choice(request.form, "state", PersonState)
    since_on = forms.calendar_date(request.form, "since_on")
    until_on = forms.calendar_date(request.form, "until_on") if request.form.get("until_on") else None
    case = operations.change_state(
        http.session(), actor=actor(), person_id=person.id, state=state, since_on=since_on, until_on=until_on
    )
    done = [
        T("{what}: {count}", what=effects.words_of(code), count=count)
        for code, count in case.detail.get("done", {}).items()
    ]
    return _back(person, gettext("Saved.") + (f" {say(listed(done))}" if done else ""))


@bp.get("/people/<string:person_id>/home")
@guard(*STAFF, load={"person_id": queries.person_for})
def home_form(person: Person) -> Any:
    """The form for a move within the district: first the village, then the door."""
    return _home_page(person, {"village_code": request.args.get("village_code", "")}, None)


def _home_page(person: Person, values: Any, error: TimebankError | None) -> str:
    session, code = http.session(), actor().area_code
    villages = areas_within(session, code[:12], AreaKind.VILLAGE)
    asked = values.get("group_code", "")[:12] or values.get("village_code", "")
    village = next((one for one in villages if one.code == asked), villages[0] if len(villages) == 1 else None)
    return render_template(
        "people/home.html",
        person=person,
        home=queries.household_for(session, actor().scope, person.household_code),
        townships={one.code: one for one in areas_within(session, code[:9], AreaKind.TOWNSHIP)},
        villages=villages,
        village=village,
        groups=areas_within(session, village.code, AreaKind.HELP_GROUP) if village else [],
        values=values,
        error=error,
        today=clock.today(),
    )


@bp.post("/people/<string:person_id>/home")
@guard(*STAFF, load={"person_id": queries.person_for})
def relocate(person: Person) -> Any:
    """Keep that somebody lives behind another door, now or from a day to come; the case says what followed."""
    form, session = request.form, http.session()
    try:
        to = operations.Door(
            forms.text(form, "group_code", required=True, most=14),
            forms.text(form, "door", required=True, most=4),
            forms.text(form, "landmark", most=60),
        )
        since_on = forms.calendar_date(form, "since_on")
        case = operations.relocate(session, actor=actor(), person_id=person.id, to=to, since_on=since_on)
    except TimebankError as error:
        session.rollback()
        session.refresh(person)
        return _home_page(person, form, error), error.status
    if case.kind == effects.RELOCATING:
        flash(gettext("Kept. It happens by itself on that day; until then both doors are known."))
    else:
        flash(gettext("Kept. Look at what followed, and at what is still to be decided."))
    return redirect(url_for("cases.show_case", case_id=case.id), code=303)


@bp.post("/people/<string:person_id>/pinyin")
@guard(*STAFF, load={"person_id": queries.person_for})
def correct_pinyin(person: Person) -> Response:
    """Correct the reading of a name."""
    pinyin = forms.text(request.form, "pinyin", required=True, most=120)
    operations.correct_pinyin(http.session(), actor=actor(), person_id=person.id, pinyin=pinyin)
    return _back(person, gettext("The reading is corrected."))


@bp.post("/people/<string:person_id>/parts")
@guard(*STAFF, load={"person_id": queries.person_for})
def take_part(person: Person) -> Response:
    """Receives help, gives help, or both."""
    form = request.form
    operations.take_part(
        http.session(),
        actor=actor(),
        person_id=person.id,
        as_elder="as_elder" in form,
        as_volunteer="as_volunteer" in form,
    )
    return _back(person, gettext("Saved."))


@bp.post("/people/<string:person_id>/proxies")
@guard(*STAFF, load={"person_id": queries.person_for})
def give_proxy(person: Person) -> Response:
    """Enter a written power."""
    form, typed = request.form, forms.text(request.form, "proxy_person_id", required=True, most=60)
    if not typed.startswith("per_"):  # chosen from the list, or written as people say it
        typed = the_one(http.session(), actor().scope, words=typed, field="proxy_person_id").id
    operations.give_proxy(
        http.session(),
        actor=actor(),
        for_person_id=person.id,
        proxy_person_id=typed,
        purposes=forms.choices(form, "purposes", rules.PROXY_PURPOSES),
        ends_on=forms.calendar_date(form, "ends_on"),
        evidence=forms.text(form, "evidence", most=200),
    )
    return _back(person, gettext("The power is kept. It ends by itself on the day you wrote."))


@bp.post("/people/<string:person_id>/proxies/<string:proxy_id>/revoke")
@guard(*OFFICE, Role.ASSISTANT, load={"person_id": queries.person_for})
def revoke_proxy(person: Person, proxy_id: str) -> Response:
    """End a written power at once."""
    operations.revoke_proxy(http.session(), actor=actor(), proxy_id=proxy_id)
    return _back(person, gettext("The power is ended."))


def _back(person: Person, message: str) -> Response:
    flash(say(message))
    return redirect(url_for("people.show_person", person_id=person.id), code=303)
