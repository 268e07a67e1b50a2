"""The start page of each role."""

from typing import Any

from flask import Blueprint, render_template

from timebank.auth.guards import EVERY_ROLE, actor, guard

bp = Blueprint("home", __name__)


@bp.get("/")
@guard(*EVERY_ROLE)
def start() -> Any:
    """What must I do now?"""
    return render_template("home/start.html", role=actor().role)
