"""The start page of each role."""

from typing import Any

from flask import Blueprint, render_template

from timebank.auth.guards import EVERY_ROLE, every_actor, guard
from timebank.core import http
from timebank.home.queries import duties_of

bp = Blueprint("home", __name__)


@bp.get("/")
@guard(*EVERY_ROLE)
def start() -> Any:
    """What must I do now? One section for each role that the reader holds."""
    sections = [(actor.role, duties_of(http.session(), actor)) for actor in every_actor()]
    return render_template("home/start.html", sections=sections)
