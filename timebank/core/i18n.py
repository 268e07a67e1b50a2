"""Chinese and English: English sentences in the code, Chinese in one `zh.po` per feature, read as text at start."""

import io
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, g, has_request_context, request, session
from flask_login import current_user

from timebank.core.text import Text, filled

LOCALES = ("zh", "en")
_HERE = Path(__file__).resolve().parent.parent


def catalogue_files() -> list[Path]:
    """Every feature's Chinese catalogue, in the order of their names."""
    return sorted(_HERE.glob("*/zh.po"))


@cache
def translations(locale: str) -> NullTranslations:
    """The merged catalogue of a locale; English needs none."""
    if locale != "zh":
        return NullTranslations()
    merged = Catalog(locale="zh")
    for path in catalogue_files():
        with path.open("rb") as file:
            for message in read_po(file, locale="zh"):
                if message.id and message.string:
                    merged.add(message.id, message.string, context=message.context)
    compiled = io.BytesIO()
    write_mo(compiled, merged)
    compiled.seek(0)
    return Translations(compiled)


def gettext(msgid: str, locale: str | None = None, **values: Any) -> str:
    """A sentence in the reader's language (or in `locale`), with values filled in."""
    sentence = translations(locale or current_locale()).ugettext(msgid)
    return filled(sentence, values)


def say(text: Text | str, locale: str | None = None) -> str:
    """A text in the reader's language (or in `locale`)."""
    if isinstance(text, str):
        return text
    return text.render(translations(locale or current_locale()).ugettext)


def current_locale() -> str:
    """The reader's language: chosen on the page, else of the login, else of the installation; else Chinese."""
    if not has_request_context():
        return "zh"
    if "locale" not in g:
        g.locale = _chosen_locale()
    return str(g.locale)


def _chosen_locale() -> str:
    asked = request.args.get("lang", "")
    if asked in LOCALES:
        session["locale"] = asked
        return asked
    if session.get("locale") in LOCALES:
        return str(session["locale"])
    return str(getattr(current_user, "locale", None) or g.get("default_locale", "zh"))


def install(app: Flask) -> None:
    """Give the templates `_()` and the reader's locale."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda msgid: gettext(msgid), lambda one, many, n: gettext(one if n == 1 else many), newstyle=False
    )
    app.jinja_env.globals["_"] = gettext
    app.jinja_env.filters["say"] = say
    app.context_processor(lambda: {"list_comma": "、" if current_locale() == "zh" else ", "})
