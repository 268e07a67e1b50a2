"""What people without an office see: raising the alarm, being asked to go, being called together."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from timebank.auth.guards import actor, guard, public
from timebank.core import clock, forms, http, maps
from timebank.core.actors import Role
from timebank.core.errors import NotFound
from timebank.core.i18n import gettext
from timebank.core.text import T
from timebank.emergency import operations, queries, ready_queries, rules
from timebank.emergency.models import AskState, CaseKind, CaseSource
from timebank.people.models import Household
from timebank.people.queries import people_by_id, phone_of, place_of

bp = Blueprint("alarm", __name__)
_MEMBERS = (Role.ELDER, Role.VOLUNTEER)
_AT_DOOR = (CaseKind.FALL, CaseKind.ILL, CaseKind.NO_ANSWER, CaseKind.FIRE, CaseKind.OTHER)


@bp.get("/sos")
@guard(*_MEMBERS)
def sos() -> Any:
    """One big button for each elder one stands for, and what happens after it was pressed."""
    session, own = http.session(), actor().scope.person_ids or frozenset()
    cases = queries.cases_of_mine(session, own)
    elders = [person for person in people_by_id(session, own).values() if person.elder_since_on]
    return render_template(
        "emergency/sos.html",
        cases=[case for case in cases if case[0].closed_at is None],
        over=[case for case in cases if case[0].closed_at is not None][:5],
        helpers=queries.helpers_of(session, [case.id for case, _ in cases]),
        duty={elder.id: queries.on_duty_at(session, elder.area_code, clock.now()) for elder in elders},
        elders=sorted(elders, key=lambda person: person.id),
        kinds=[CaseKind.FALL, CaseKind.ILL, CaseKind.OTHER],
        phone_of=phone_of,
    )


@bp.post("/sos")
@guard(*_MEMBERS)
def raise_alarm() -> Response:
    """Raise the alarm for oneself or for an elder one acts for."""
    form = request.form
    operations.open_case(
        http.session(),
        actor=actor(),
        elder_id=forms.text(form, "elder_id", required=True, most=31),
        source=CaseSource.PHONE,
        kind=forms.choice(form, "kind", CaseKind),
        words=forms.text(form, "words", most=400),
        by_person_id=actor().person_id,
    )
    flash(gettext("We have heard you. Neighbours are asked to come. If a life is in danger, call 120 now."))
    return redirect(url_for("alarm.sos"), code=303)


@bp.get("/sos/<string:household_code>/<string:card>")
@public
def card_form(household_code: str, card: str) -> Any:
    """What the QR of an emergency card opens: what is the matter? Nobody is named, the caller stands at the door."""
    return render_template(
        "emergency/card.html", home=_home(household_code, card), card=card, kinds=_AT_DOOR, told=None
    )


def _home(household_code: str, card: str) -> Household:
    home = http.session().get(Household, household_code)
    if home is None or card != queries.card_code(household_code):
        raise NotFound("emergency.no_such_card", T("This card is not one of ours. Call 120, or the village."))
    return home


@bp.post("/sos/<string:household_code>/<string:card>")
@public
def alarm_at_card(household_code: str, card: str) -> Any:
    """Raise the alarm at a door."""
    form = request.form
    case = operations.alarm_at_card(
        http.session(),
        household_code=household_code,
        card=card,
        kind=forms.choice(form, "kind", CaseKind),
        words=forms.text(form, "words", most=400),
    )
    return render_template(
        "emergency/card.html", home=_home(household_code, card), card=card, kinds=_AT_DOOR, told=case.opened_at
    )


@bp.get("/needed")
@guard(Role.VOLUNTEER)
def needed() -> Any:
    """Where one is asked to go now: whose door, how to get there, who else; and call-ups of these days."""
    session, person_id = http.session(), actor().person_id or ""
    asks = queries.asks_of(session, person_id)
    return render_template(
        "emergency/needed.html",
        asks=asks,
        calls=ready_queries.calls_to(session, person_id),
        phones={ask.elder.id: phone_of(ask.elder) for ask in asks},
        ways={ask.case.id: _ways(ask) for ask in asks},
        AskState=AskState,
    )


def _ways(ask: queries.Ask) -> dict[str, str]:
    lat, lon = place_of(ask.household)
    landmark = ask.household.landmark
    return {"amap": maps.amap_link(lat, lon, landmark), "baidu": maps.baidu_link(lat, lon, landmark)}


@bp.post("/needed/answer")
@guard(Role.VOLUNTEER)
def answer() -> Response:
    """I am coming, I am there, I cannot come."""
    form = request.form
    state = forms.choice(form, "state", AskState)
    case_id = forms.text(form, "case_id", required=True, most=31)
    operations.answer(http.session(), actor=actor(), case_id=case_id, person_id=actor().person_id or "", state=state)
    said = {
        AskState.COMING: gettext("Thank you. Go carefully; the office sees that you are on the way."),
        AskState.THERE: gettext("Good that you are there. If a life is in danger, call 120 now."),
    }
    flash(said.get(state, gettext("Good to know. Somebody else is asked.")))
    return redirect(url_for("alarm.needed"), code=303)


@bp.post("/needed/call-up")
@guard(Role.VOLUNTEER)
def answer_call_up() -> Response:
    """Say yes or no to a call-up."""
    form = request.form
    is_coming = forms.one_of(form, "answer", ("yes", "no")) == "yes"
    call_up_id = forms.text(form, "call_up_id", required=True, most=31)
    operations.answer_call_up(http.session(), actor=actor(), call_up_id=call_up_id, is_coming=is_coming)
    flash(gettext("Thank you, you are expected.") if is_coming else gettext("Good to know. Somebody else is asked."))
    return redirect(url_for("alarm.needed"), code=303)


@bp.app_context_processor
def for_today() -> dict[str, Any]:
    """What the volunteer's page of today shows of emergencies: where they are asked to go, call-ups without answer."""

    def asks_of_mine(person_id: str) -> dict[str, list[Any]]:
        session = http.session()
        calls = ready_queries.calls_to(session, person_id)
        return {
            "asks": queries.asks_of(session, person_id),
            "calls": [call_up for call_up, said in calls if said.is_coming is None],
        }

    return {"asks_of_mine": asks_of_mine, "alarm_kinds": rules.KIND_WORDS}
