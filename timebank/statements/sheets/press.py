"""The printing press: typst templates and data in, tagged PDF/A-2a and PDF/UA-1 out. Same data, same bytes."""

import io
import json
import unicodedata
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any

import segno
import typst
from fontTools.ttLib import TTFont

from timebank.core import clock
from timebank.core.i18n import say
from timebank.core.text import Text

_HERE = Path(__file__).parent
_FONTS = Path(__file__).resolve().parents[3] / "build" / "fonts"

_RUNS_REMEMBERED = 11
_UNSEEN = ("Cf", "Mn")  # what joins or varies the sign before it, and is left out by itself where a font has none
Both = dict[str, str]  # a sentence as {"zh": …, "en": …}: the template sets the English smaller


def both(text: Text) -> Both:
    """A text in both languages, for paper that both read."""
    return {"zh": say(text, "zh"), "en": say(text, "en")}


def qr_svg(address: str) -> str:
    """A QR code as SVG."""
    code = io.BytesIO()
    segno.make(address, error="m", micro=False).save(code, kind="svg", scale=4, border=1, xmldecl=False)
    return code.getvalue().decode()


@cache
def _compiler() -> typst.Compiler:
    """One compiler a process: its fonts are read once."""
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(_FONTS)])
    return typst.Compiler(root=str(_HERE), font_paths=fonts)


def printed(template: str, data: dict[str, Any], *, issued_on: date) -> bytes:
    """The PDF of one template with its data, stamped with the day of issue so that it prints the same for ever."""
    stamp = datetime.combine(issued_on, time.min, tzinfo=clock.ZONE)
    made = _compiler().compile(
        str(_HERE / template),
        format="pdf",
        sys_inputs={"data": _drawable(json.dumps(data, ensure_ascii=False, default=str))},
        pdf_standards=["a-2a", "ua-1"],
        timestamp=int(stamp.timestamp()),
    )
    assert isinstance(made, bytes)
    _forget()
    return made


def _drawable(text: str) -> str:
    """Text with 〓 for each sign that no font has, as printers do: an archive takes no paper with a sign left out."""
    missing = {sign for sign in set(text) if not sign.isascii() or sign == "\x7f"} - _signs()
    return text.translate({ord(sign): "〓" for sign in missing if unicodedata.category(sign) not in _UNSEEN})


@cache
def _signs() -> frozenset[str]:
    """The signs that every font of the press has."""
    return frozenset.intersection(*map(_signs_of, sorted(_FONTS.glob("*.ttf"))))


def _signs_of(font: Path) -> frozenset[str]:
    with TTFont(font, lazy=True) as opened:
        return frozenset(map(chr, opened.getBestCmap()))


def _forget() -> None:
    """Age the compiler's memory of what it set, kept for ten runs: a big print file would stay in memory."""
    for _ in range(_RUNS_REMEMBERED):
        _compiler().compile(b"", format="pdf")
