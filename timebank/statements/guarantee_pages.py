"""The guarantee made visible: hours owed against the fund and the supply of hours, on a page and as a table."""

from collections.abc import Iterator
from typing import Any

from flask import Response, render_template, request

from timebank.areas.models import Area, AreaKind
from timebank.areas.queries import area_for, areas_within
from timebank.areas.words import area_name
from timebank.auth.guards import actor, guard
from timebank.core import http, sheets
from timebank.core.actors import Role
from timebank.core.errors import NotFound
from timebank.core.i18n import say
from timebank.core.text import T, Text
from timebank.statements import pictures
from timebank.statements.guarantee_queries import Guarantee, guarantee_of
from timebank.statements.pages import as_file, bp
from timebank.statements.rules import BANDS

__all__ = ["bp"]  # the blueprint of the statements, with this page on it

_READERS = (Role.BUREAU, Role.SUPERVISOR, Role.AUDITOR)
BAND_WORDS: dict[str, Text] = dict(
    zip(BANDS, (T("under 60"), T("60 to 69"), T("70 to 79"), T("80 and over")), strict=True)
)
GIFTS = "gifts"
COLOURS = dict(
    zip((*BANDS, GIFTS), ("var(--visit)", "var(--pine)", "var(--meal)", "var(--persimmon)", "var(--bath)"), strict=True)
)


def _asked() -> tuple[Area, Guarantee]:
    session, scope = http.session(), actor().scope
    chosen = area_for(session, scope, request.args.get("area_code") or scope.area_code)
    if chosen is None:
        raise NotFound("http.404", T("There is no such page here, or it is not yours to see."))
    return chosen, guarantee_of(session, chosen.code)


def _place_names(chosen: Area) -> dict[str, str]:
    """What the places of the figures are called, by code: the chosen one and the townships in it."""
    places = [*areas_within(http.session(), chosen.code, AreaKind.TOWNSHIP), chosen]
    return {place.code: area_name(place) for place in places}


@bp.get("/guarantee")
@guard(*_READERS)
def guarantee() -> Any:
    """Hours owed by age, township and year; what backs them; when they will be asked for."""
    chosen, found = _asked()
    years = [(str(item.year), {**item.by_band, GIFTS: item.gifts}) for item in found.projection]
    return render_template(
        "statements/guarantee.html",
        area=chosen,
        found=found,
        names=_place_names(chosen),
        band_words=BAND_WORDS,
        part_words={**BAND_WORDS, GIFTS: T("given to elders in hardship")},
        colours=COLOURS,
        picture=pictures.year_columns(years, found.given_last_year),
        whole=found.pool_owes is not None,
    )


@bp.get("/guarantee.csv")
@guard(*_READERS)
def guarantee_csv() -> Response:
    """The same figures, one row each, for a spreadsheet."""
    chosen, found = _asked()
    names = _place_names(chosen)
    rows = (
        (say(figure), found.on.isoformat(), code, names.get(code, ""), say(BAND_WORDS.get(band, "")), year, minutes)
        for figure, code, band, year, minutes in _rows(chosen.code, found)
    )
    table = sheets.csv_text([say(heading) for heading in _HEADINGS], rows)
    return as_file(table.encode(), "text/csv; charset=utf-8", f"guarantee-{chosen.code}-{found.on}.csv")


_HEADINGS = (T("Figure"), T("Date"), T("Code"), T("Place"), T("Age"), T("Year"), T("Minutes"))


def _rows(area_code: str, found: Guarantee) -> Iterator[tuple[Text, str, str, str, int]]:
    """Figure, area, age band, year, minutes."""
    for row in found.owed:
        yield T("Owed to members"), row.township_code, row.band, row.year, row.minutes
    for year in found.projection:
        for band, minutes in year.by_band.items():
            yield T("Own hours to be drawn"), area_code, band, str(year.year), minutes
        yield T("Gift hours to be used"), area_code, "", str(year.year), year.gifts
    figures = (
        (T("Drawn beyond zero"), found.overdrawn),
        (T("Set aside for help that was asked for"), found.held),
        (T("Kept for elders in hardship"), found.commons),
        (T("Owed by the pool"), found.pool_owes),
        (T("Backed by the fund"), found.backed),
        (T("Given in twelve months"), found.given_last_year),
        (T("Own hours drawn in twelve months"), found.drawn_last_year),
        (T("Used of gifts in twelve months"), found.gifts_used_last_year),
    )
    for figure, figure_minutes in figures:
        if figure_minutes is not None:
            yield figure, area_code, "", "", figure_minutes
