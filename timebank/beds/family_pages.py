"""What the elder's side sees of the care: level and bed, as far as power and consent allow; and saying that one does
not agree."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from timebank.assessments import operations as assessments
from timebank.assessments.models import Assessment, AssessmentDispute
from timebank.assessments.queries import assessment_for, disputes_of, history
from timebank.assessments.rules import next_due
from timebank.assessments.words import LEVEL_WORDS
from timebank.auth.guards import actor, guard
from timebank.beds import queries, rules
from timebank.beds.models import BedAdaptation, CareBed
from timebank.core import clock, http, months
from timebank.core.actors import Actor, Role
from timebank.core.errors import NotAllowed
from timebank.core.i18n import gettext
from timebank.core.text import T
from timebank.people.models import Person
from timebank.people.queries import has_consent, may_act, people_by_id
from timebank.policies.queries import in_force

bp = Blueprint("bed_family", __name__)
_MEMBERS = (Role.ELDER, Role.VOLUNTEER)


@dataclass(frozen=True)
class _Care:
    """What one may see of an elder's care."""

    elder: Person
    latest: Assessment | None
    next_due: date | None
    dispute: AssessmentDispute | None
    bed: CareBed | None
    month: rules.MonthOfBed | None
    adaptations: list[BedAdaptation]


@bp.get("/my-care")
@guard(*_MEMBERS)
def my_care() -> Any:
    """Level and bed of each elder whose bed the reader may see."""
    session, caller = http.session(), actor()
    people = sorted(people_by_id(session, caller.scope.person_ids or ()).values(), key=lambda person: person.id)
    shown = [person for person in people if person.elder_since_on and _may_see(session, caller, person.id)]
    return render_template(
        "beds/my_care.html",
        rows=[_care(session, elder) for elder in shown],
        level_words=LEVEL_WORDS,
        rules=rules,
    )


def _may_see(session: Session, caller: Actor, elder_id: str) -> bool:
    return may_act(session, person_id=caller.person_id or "", for_person_id=elder_id, purpose="see_bed")


def _care(session: Session, elder: Person) -> _Care:
    """Without the elder's consent to keep health data no level is shown."""
    known = history(session, elder.id) if has_consent(session, elder.id, "health") else []
    latest = known[0] if known else None
    interval = in_force(session, elder.area_code, clock.today()).number("assessment.interval_months")
    bed, month = queries.bed_of(session, elder.id), months.of_date(clock.today())
    figures = queries.month_figures(session, elder.area_code, month, bed_id=bed.id) if bed else []
    return _Care(
        elder=elder,
        latest=latest,
        next_due=next_due(latest.assessed_on, interval) if latest else None,
        dispute=disputes_of(session, elder.id).get(latest.id) if latest else None,
        bed=bed,
        month=figures[0].month if figures else None,
        adaptations=queries.adaptations_of(session, bed.id) if bed else [],
    )


@bp.post("/my-care/<string:assessment_id>/dispute")
@guard(Role.ELDER, load={"assessment_id": assessment_for})
def dispute(assessment: Assessment) -> Response:
    """Say that one does not agree with an assessment."""
    if not _may_see(http.session(), actor(), assessment.elder_id):
        text = T("The written power does not say that you may see the bed. The village assistant can add it.")
        raise NotAllowed("beds.power_without_bed", text)
    words = request.form.get("words", "")
    assessments.raise_dispute(http.session(), actor=actor(), assessment_id=assessment.id, words=words)
    flash(gettext("Kept. Two other people will come and assess again."))
    return redirect(url_for("bed_family.my_care"), code=303)
