"""What makes the pages an app on a phone: manifest, service worker, and the page that opens without a network.

The page without a network holds no personal data: it is drawn on the phone from what the phone keeps for 48 hours
(docs/security-phone.md).
"""

import json
from functools import cache
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template, url_for

from timebank.auth.guards import public
from timebank.core.i18n import current_locale

bp = Blueprint("phone", __name__)
SHELL_FILES = ("app.css", "app.js", "phone.js", "icons.svg", "icon.svg")


@bp.get("/manifest.webmanifest")
@public
def manifest() -> Response:
    """What the phone shows on its home screen."""
    settings, zh = current_app.extensions["settings"], current_locale() == "zh"
    name = settings.scheme_name_zh if zh else settings.scheme_name_en
    icon = {"src": _asset("icon.svg"), "type": "image/svg+xml", "sizes": "any"}
    answer = jsonify(
        id="/",
        name=name,
        short_name=name[:12],
        lang="zh-CN" if zh else "en",
        start_url=url_for("visits.today"),
        scope="/",
        display="standalone",
        theme_color="#0e5a55",
        background_color="#faf7f1",
        icons=[icon | {"purpose": "any"}, icon | {"purpose": "maskable"}],
    )
    answer.mimetype = "application/manifest+json"
    return answer


@bp.get("/sw.js")
@public
def service_worker() -> Response:
    """The service worker, told which files make the page that opens without a network."""
    lang = current_locale()
    shell = {
        "page": url_for("phone.offline", lang=lang),
        "files": [_asset(name) for name in SHELL_FILES],
        "form": [url_for("assessments.offline", lang=lang), _asset("assess.js")],
    }
    text = f"self.SHELL = {json.dumps(shell)};\n{_worker_script(current_app.static_folder or '')}"
    return Response(text, mimetype="text/javascript", headers={"Cache-Control": "no-cache"})


@cache
def _worker_script(folder: str) -> str:
    with open(f"{folder}/sw.js", encoding="utf-8") as file:
        return file.read()


def _asset(name: str) -> str:
    address: str = current_app.extensions["asset"](name)
    return address


@bp.get("/phone/offline")
@public
def offline() -> Any:
    """The page that opens without a network: empty here, filled on the phone."""
    return render_template("visits/offline.html")
