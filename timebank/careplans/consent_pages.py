"""Reading consents aloud: the text, who heard it, how they agreed; and withdrawing."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from timebank.auth.guards import STAFF, actor, guard
from timebank.auth.queries import names_of_users
from timebank.careplans import consents, rules
from timebank.core import forms, http
from timebank.core.actors import Role
from timebank.core.errors import TimebankError
from timebank.core.i18n import current_locale, gettext
from timebank.people import operations as people
from timebank.people.models import Person
from timebank.people.queries import people_by_id, person_for, proxies_of
from timebank.people.words import CONSENT_WORDS

bp = Blueprint("consents", __name__)


@bp.get("/care-plans/of/<string:person_id>/consents")
@guard(*STAFF, Role.AUDITOR, load={"person_id": person_for})
def show(person: Person) -> Any:
    """What somebody agreed to, and the texts to read aloud for the rest."""
    return _page(person, None)


def _page(person: Person, error: TimebankError | None) -> str:
    session, kept = http.session(), consents.texts()
    given = consents.given_by(session, person.id)
    readings = [one.reading for one in given.values() if one.reading]
    return render_template(
        "careplans/consents.html",
        person=person,
        given=given,
        texts={purpose: text[current_locale()] for purpose, text in kept["texts"].items()},
        version=kept["version"],
        is_assumed=kept["assumed"],
        purpose_words=CONSENT_WORDS,
        methods=rules.CONSENT_METHODS,
        holders=[holder for proxy, holder in proxies_of(session, person.id) if "request" in proxy.purposes],
        heard=people_by_id(session, [reading.heard_by for reading in readings]),
        readers=names_of_users(session, [reading.read_by_user_id for reading in readings]),
        error=error,
        may_write=actor().role in STAFF,
    )


@bp.post("/care-plans/of/<string:person_id>/consents")
@guard(*STAFF, load={"person_id": person_for})
def read(person: Person) -> Any:
    """Keep that a text was read aloud and agreed to."""
    form, session = request.form, http.session()
    try:
        consents.read_consent(
            session,
            actor=actor(),
            person_id=person.id,
            purpose=forms.one_of(form, "purpose", CONSENT_WORDS),
            heard_by=forms.text(form, "heard_by", required=True, most=31),
            method=forms.one_of(form, "method", rules.CONSENT_METHODS),
        )
    except TimebankError as error:
        session.rollback()
        return _page(person, error), error.status
    flash(gettext("The consent is kept."))
    return _back(person)


def _back(person: Person) -> Response:
    return redirect(url_for("consents.show", person_id=person.id), code=303)


@bp.post("/care-plans/of/<string:person_id>/consents/withdraw")
@guard(*STAFF, load={"person_id": person_for})
def withdraw(person: Person) -> Response:
    """End a consent; what rested on it stops at once, and where nothing does the page says so."""
    purpose = forms.one_of(request.form, "purpose", CONSENT_WORDS)
    people.withdraw_consent(http.session(), actor=actor(), person_id=person.id, purpose=purpose)
    if purpose in consents.NOTHING_STOPS:
        flash(gettext("The consent is withdrawn. Nothing stops by itself: tell the township office."))
    else:
        flash(gettext("The consent is withdrawn. What rested on it has stopped."))
    return _back(person)
