"""Certificates of service: the volunteer asks, the office lists and revokes, the village sees the list."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for

from timebank.areas.queries import area as area_by_code
from timebank.auth.guards import EVERY_ROLE, MEMBERS, actor, guard
from timebank.core import clock, crypto, forms, http
from timebank.core.actors import Role
from timebank.core.errors import NotFound, Refused, TimebankError
from timebank.core.i18n import gettext
from timebank.core.text import T
from timebank.people.entries import kept_entry
from timebank.people.models import Person
from timebank.people.queries import person_for
from timebank.people.rules import masked_id_number
from timebank.statements import certificate_queries as queries
from timebank.statements import certificates, sheets
from timebank.statements.certificates import ISSUERS
from timebank.statements.models import Certificate, CertificateState
from timebank.statements.pages import as_file

bp = Blueprint("certificates", __name__)


@bp.get("/certificates")
@guard(*MEMBERS)
def own_certificates() -> Any:
    """The caller's certificates, and the form to ask for one."""
    return _own_page({}, None)


def _own_page(values: Any, error: TimebankError | None) -> str:
    session, person = http.session(), _me()
    today = clock.today()
    return render_template(
        "statements/certificates.html",
        certificates=queries.certificates_of(session, person.id),
        state_of=certificates.state_of,
        first_on=(today.replace(month=1, day=1)).isoformat(),
        last_on=(today - timedelta(days=1)).isoformat(),
        values=values,
        error=error,
    )


def _me() -> Person:
    person_id = actor().person_id
    person = person_for(http.session(), actor().scope, person_id) if person_id else None
    if person is None:
        raise NotFound("statements.no_person", T("This login belongs to no person. Ask the township office."))
    return person


@bp.post("/certificates")
@guard(*MEMBERS)
def ask() -> Any:
    """Ask for a certificate over a span of days."""
    form, session = request.form, http.session()
    try:
        asked = certificates.ask_certificate(
            session,
            actor=actor(),
            person_id=_me().id,
            first_on=forms.calendar_date(form, "first_on"),
            last_on=forms.calendar_date(form, "last_on"),
        )
    except TimebankError as error:
        session.rollback()
        return _own_page(form, error), error.status
    if asked.state == CertificateState.LISTED:
        flash(gettext("You have this certificate already. You find it below."))
    else:
        flash(gettext("Asked. The township looks at it and puts it on the list."))
    return redirect(url_for("certificates.own_certificates"), code=303)


@bp.get("/certificates/desk")
@guard(*ISSUERS, Role.AUDITOR)
def desk() -> Any:
    """What was asked for, and what stands on the list or counts."""
    return _desk_page(None)


def _desk_page(error: TimebankError | None) -> str:
    session, code = http.session(), actor().area_code
    place, number = area_by_code(session, code), request.args.get("number", "").strip()[:24]
    asked, listed = queries.certificates_asked(session, code), queries.certificates_listed(session, code, number)
    return render_template(
        "statements/certificate_desk.html",
        asked=asked,
        listed=listed,
        borne_out={row.id: queries.borne_out(session, row) for row, _ in (*asked, *listed)},
        number=number,
        state_of=certificates.state_of,
        issuer=place.name_zh if place else "",
        may_decide=actor().role in ISSUERS,
        error=error,
    )


@bp.post("/certificates/<string:certificate_id>/decide")
@guard(*ISSUERS)
def decide(certificate_id: str) -> Any:
    """Put a certificate on the list, or say why not."""
    form, session = request.form, http.session()
    try:
        if form.get("decision") == "list":
            certificates.list_certificate(
                session,
                actor=actor(),
                certificate_id=certificate_id,
                issuer=forms.text(form, "issuer", most=80),
                handler=forms.text(form, "handler", most=60),
            )
        else:
            reason = forms.text(form, "reason", most=200)
            certificates.decline_certificate(session, actor=actor(), certificate_id=certificate_id, reason=reason)
    except TimebankError as error:
        session.rollback()
        return _desk_page(error), error.status
    flash(gettext("Decided. The volunteer sees it."))
    return redirect(url_for("certificates.desk"), code=303)


@bp.post("/certificates/<string:certificate_id>/revoke")
@guard(*ISSUERS)
def revoke(certificate_id: str) -> Any:
    """Take a certificate back."""
    form, session = request.form, http.session()
    try:
        reason = forms.text(form, "reason", most=200)
        certificates.revoke_certificate(session, actor=actor(), certificate_id=certificate_id, reason=reason)
    except TimebankError as error:
        session.rollback()
        return _desk_page(error), error.status
    flash(gettext("Revoked. Who scans it reads so."))
    return redirect(url_for("certificates.desk"), code=303)


@bp.get("/certificates/list")
@guard(*EVERY_ROLE)
def publicity_list() -> Any:
    """The publicity list of the township: masked names, hours, until when one may object; for the notice board."""
    code = actor().area_code[:9]
    rows = queries.on_the_list(http.session(), code)
    return render_template("statements/publicity_list.html", rows=rows, place=area_by_code(http.session(), code))


@bp.get("/certificates/<string:certificate_id>/sheet.pdf")
@guard(*EVERY_ROLE, load={"certificate_id": queries.certificate_for})
def sheet(certificate: Certificate) -> Response:
    """The certificate as a sheet, once it stands on the list."""
    if certificate.state != CertificateState.LISTED:
        raise Refused("statements.not_issued", T("This certificate is not issued."))
    session, settings = http.session(), current_app.extensions["settings"]
    person = session.get_one(Person, kept_entry(session, certificate.person_id))  # who has the papers now
    district = area_by_code(session, certificate.area_code[:6])
    number = str(crypto.vault().open(person.id_number_sealed)) if person.id_number_sealed else ""
    made = sheets.certificate_pdf(
        certificate,
        person,
        id_number=masked_id_number(number) if number else "",
        scheme=settings.scheme_name_zh,
        district=district.name_zh if district else "",
        base_url=settings.base_url,
    )
    return as_file(made, "application/pdf", f"certificate-{certificate.serial}.pdf")
