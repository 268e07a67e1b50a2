"""Drafts from a tablet, as JSON: some answers at a time, as often as needed."""

from typing import Any

from flask import Blueprint, jsonify, request
from flask_wtf.csrf import generate_csrf

from timebank.assessments import operations, queries, rules, scales
from timebank.assessments.models import Assessment, AssessmentState
from timebank.assessments.pages import ASSESSORS
from timebank.auth.guards import actor, guard
from timebank.core import http
from timebank.core.errors import BadInput
from timebank.core.text import T

bp = Blueprint("assessments_api", __name__)


@bp.get("/api/assessments/<string:assessment_id>/draft")
@guard(*ASSESSORS, load={"assessment_id": queries.assessment_for})
def draft(assessment: Assessment) -> Any:
    """Whether the draft is still the reader's to fill in, what it holds, and the token to send more with."""
    is_mine = assessment.state == AssessmentState.DRAFT and assessment.first_assessor_id == actor().user_id
    values = queries.as_typed(assessment) if is_mine else {}
    return jsonify(is_open=is_mine, owner=actor().user_id, csrf=generate_csrf(), values=values)


@bp.post("/api/assessments/<string:assessment_id>/draft")
@guard(*ASSESSORS, load={"assessment_id": queries.assessment_for})
def save_draft(assessment: Assessment) -> Any:
    """Keep `{"values": {field: text}}`; answers with the fields that are still missing."""
    sent = request.get_json(silent=True)
    values = sent.get("values") if isinstance(sent, dict) else None
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise BadInput("assessments.not_values", T("Send the answers as texts by the name of their field."))
    operations.save_draft(http.session(), actor=actor(), assessment_id=assessment.id, values=values)
    scale, content = scales.scale(assessment.scale), queries.opened(assessment)
    return jsonify(missing=rules.missing(scale, content.answers))
