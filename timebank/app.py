"""create_app: puts the features together in line order, so that it reads as a table of contents."""

import hashlib
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Flask, g, request, session, url_for
from flask_login import LoginManager, current_user
from flask_wtf.csrf import CSRFProtect, generate_csrf
from markupsafe import Markup
from werkzeug.middleware.proxy_fix import ProxyFix

from timebank import config, navigation
from timebank.areas import pages as areas_pages
from timebank.areas import place_pages
from timebank.areas.queries import areas_by_code
from timebank.areas.words import area_name
from timebank.assessments import api as assessments_api
from timebank.assessments import pages as assessments_pages
from timebank.assessments import scales
from timebank.auth import guards, queries
from timebank.auth import pages as auth_pages
from timebank.auth.sessions import StoredSessions
from timebank.beds import family_pages as beds_family_pages
from timebank.beds import figures_pages as beds_figures_pages
from timebank.beds import pages as beds_pages
from timebank.careplans import consent_pages
from timebank.careplans import pages as careplans_pages
from timebank.cases import pages as cases_pages
from timebank.core import crypto, db, formats, http, i18n, packing
from timebank.core.limits import MAX_BODY_BYTES, MAX_FORM_FIELD_BYTES
from timebank.core.unkept import refuse_unkept
from timebank.dayplans import ahead_pages, notice_pages
from timebank.dayplans import api as dayplans_api
from timebank.dayplans import pages as dayplans_pages
from timebank.dayplans.adapter import travel
from timebank.dayplans.queries.rides import ride_minutes
from timebank.emergency import alarm_pages, ready_pages
from timebank.emergency import pages as emergency_pages
from timebank.escorts import pages as escorts_pages
from timebank.exchange import pages as exchange_pages
from timebank.home import handover_pages
from timebank.home import pages as home_pages
from timebank.ledger import desk_pages as ledger_desk_pages
from timebank.ledger import pages as ledger_pages
from timebank.meals import pages as meals_pages
from timebank.mutual import pages as mutual_pages
from timebank.people import login_pages
from timebank.people import pages as people_pages
from timebank.people.queries import acts_for
from timebank.phones import application_pages
from timebank.phones import pages as phones_pages
from timebank.policies import pages as policies_pages
from timebank.statements import certificate_pages, guarantee_pages, passbook_pages
from timebank.visiting import pages as visiting_pages
from timebank.visits import api as visits_api
from timebank.visits import (
    away_pages,
    desk_pages,
    family_pages,
    me_pages,
    month_pages,
    phone_pages,
    request_pages,
    review_pages,
)
from timebank.visits import pages as visits_pages
from timebank.volunteers import pages as volunteers_pages

_ROOT = Path(__file__).resolve().parent.parent
STATIC = _ROOT / "build" / "static"

BLUEPRINTS: tuple[Blueprint, ...] = (
    areas_pages.bp,
    place_pages.bp,
    auth_pages.bp,
    login_pages.bp,  # the desk of logins and the event log
    policies_pages.bp,
    people_pages.bp,
    phones_pages.bp,
    application_pages.bp,
    ledger_pages.bp,
    ledger_desk_pages.bp,
    cases_pages.bp,
    assessments_pages.bp,
    assessments_api.bp,
    careplans_pages.bp,
    consent_pages.bp,
    volunteers_pages.bp,
    visits_pages.bp,
    family_pages.bp,
    desk_pages.bp,
    month_pages.bp,
    away_pages.bp,
    request_pages.bp,
    review_pages.bp,
    visits_api.bp,
    me_pages.bp,
    phone_pages.bp,
    beds_pages.bp,
    beds_figures_pages.bp,
    beds_family_pages.bp,
    visiting_pages.bp,
    escorts_pages.bp,
    meals_pages.bp,
    mutual_pages.bp,
    emergency_pages.bp,
    ready_pages.bp,
    alarm_pages.bp,
    dayplans_pages.bp,
    dayplans_api.bp,
    notice_pages.bp,
    ahead_pages.bp,
    guarantee_pages.bp,  # the statements' own, with the page of the guarantee on it
    passbook_pages.bp,
    certificate_pages.bp,
    exchange_pages.bp,
    home_pages.bp,
    handover_pages.bp,
)


def travel_source(settings: config.Settings) -> travel.Source:
    """Where this installation's travel times come from."""
    return travel.Source(
        server=settings.travel_matrix_url,
        dialect=settings.travel_matrix_dialect,
        road_map=settings.travel_map,
        keep=settings.data_dir / "roads",
    )


def move_in(settings: config.Settings) -> None:
    """Make an installation this process's own: its keys, its database, its folders."""
    crypto.use(crypto.Vault(settings.field_key))
    crypto.use_signer(crypto.Signer(settings.seal_key))
    crypto.use_passwords(crypto.Passwords(memory_kib=settings.password_memory_kib, passes=settings.password_passes))
    db.use(db.make_engine(settings.database))
    travel.use(travel_source(settings))
    scales.use_folder(settings.data_dir / "scales")


def create_app(settings: config.Settings | None = None) -> Flask:
    """The application of one installation, with its database and keys in place."""
    settings = settings or config.load()
    move_in(settings)
    app = Flask(
        "timebank", template_folder=str(_ROOT / "templates"), static_folder=str(STATIC), static_url_path="/static"
    )
    app.config.update(
        SECRET_KEY=settings.session_key,
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_FORM_FIELD_BYTES,
        WTF_CSRF_TIME_LIMIT=None,  # the token lives as long as the session it is kept in
    )
    app.extensions["settings"] = settings
    app.extensions["acts_for"] = acts_for
    app.extensions["asset"] = asset
    app.extensions["ride_minutes"] = ride_minutes
    app.session_interface = StoredSessions(settings)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    packing.install(app)
    http.install(app)
    _install_login(app)
    _install_templates(app, settings)
    app.before_request(refuse_unkept)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    return app


def _install_login(app: Flask) -> None:
    manager = LoginManager(app)
    manager.session_protection = None  # the session lies on the server; addresses change in the valley
    manager.user_loader(lambda user_id: queries.user_by_id(http.session(), user_id))
    CSRFProtect(app)


_OF_EVERY_AREA = {"home.start", "auth.password"}
_OF_ONE_AREA = {"area", "area_code", "village_code", "group_code", "household_code", "after_id", "before_id"}


def _elsewhere(codes: list[str]) -> dict[str, Any]:
    """What this page shows, and its address in each of the reader's other areas, with whatever else was asked for."""
    if not codes or request.endpoint in _OF_EVERY_AREA:
        return {}
    here = guards.actor().area_code
    areas = {code: area_name(area) for code, area in areas_by_code(http.session(), [here, *codes]).items()}
    asked = {key: value for key, value in request.args.items() if key not in _OF_ONE_AREA}
    links = [
        (areas[code], f"{request.path}?{urlencode(asked | {'area_code': code})}") for code in codes if code in areas
    ]
    return {"here": areas.get(here, ""), "links": links}


def _install_templates(app: Flask, settings: config.Settings) -> None:
    i18n.install(app)
    formats.install(app)
    origin = urlsplit(settings.tile_url)
    tile_origin = f"{origin.scheme}://{origin.netloc}" if origin.netloc else ""

    @app.before_request
    def remember_settings() -> None:
        g.default_locale = settings.default_locale
        g.tile_origin = tile_origin

    @app.context_processor
    def shared_values() -> dict[str, Any]:
        locale, held = i18n.current_locale(), guards.held_roles()
        return {
            "locale": locale,
            "scheme_name": settings.scheme_name_zh if locale == "zh" else settings.scheme_name_en,
            "type_size": _type_size(),
            "nav": navigation.for_roles(held),
            "elsewhere": partial(_elsewhere, guards.elsewhere()),
            "may_enter": partial(guards.lets_in, held),
            "asset": asset,
            "csrf_token": generate_csrf,
            "csrf_field": csrf_field,
        }


def _type_size() -> str:
    """What the login chose once; on a shared phone not what somebody else chose before."""
    own = getattr(current_user, "type_size", "normal")
    return own if own != "normal" else str(session.get("type_size") or own)


def csrf_field() -> Markup:
    """The hidden field that every form carries."""
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(generate_csrf())


def asset(name: str) -> str:
    """The address of a built file, with a mark that changes when its content does."""
    return url_for("static", filename=name, v=_fingerprint(name))


@cache
def _fingerprint(name: str) -> str:
    path = STATIC / name
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10] if path.exists() else "missing"
