"""The root sheet of a month: what the archive keeps on paper, so that the records cannot be changed unseen."""

from timebank.core import clock, formats
from timebank.core.i18n import gettext, say
from timebank.core.text import T, Text
from timebank.ledger.models import Seal
from timebank.statements.models import MonthRun
from timebank.statements.queries import Growth
from timebank.statements.sheets.press import Both, both, printed

_STILL_THERE = T(
    "From the digests below follow the root then and the root on the first page (RFC 9162, 2.1.4.2): nothing that "
    "stood there was changed or taken away since. Compare the root then with the sheet in the archive."
)
_CHANGED = T("Something that stood there was changed or taken away. Leave the machine as it is and tell the bureau.")


def root_pdf(run: MonthRun, seal: Seal | None, growth: Growth | None, *, scheme: str, district: str) -> bytes:
    """The root sheet: number of sheets, root of the sheets, root, size and signature of the ledger's seal.

    On its second page the proof that the ledger only grew since the sheet before, for who holds both.
    """
    closed_on = clock.local_date(run.closed_at)
    month = {locale: formats.month_name(run.month, locale) for locale in ("zh", "en")}
    facts = [
        _fact(both(T("Sheets of this month")), str(run.statements)),
        _fact(both(T("Root of the sheets")), _grouped(run.root), code=True),
    ]
    if seal:
        facts += [
            _fact(both(T("Rows in the sealed ledger")), str(seal.tree_size)),
            _fact(both(T("Root of the ledger")), _grouped(seal.root), code=True),
            _fact(both(T("Chain of seals")), _grouped(seal.chain), code=True),
            _fact(both(T("Signature")), _grouped(seal.signature), code=True),
        ]
    data = {
        "title": f"{scheme} {run.month}",
        "issuer": f"{district} {scheme}",
        "heading": f"{district}　{scheme}",
        "subheading": {loc: gettext("Root sheet of {month}", loc, month=month[loc]) for loc in ("zh", "en")},
        "what": both(T("Print this sheet, sign it, and keep it where the machine is not.")),
        "facts": facts,
        "compare": both(T("If the records of this month are ever changed, the roots will no longer be these.")),
        "growth": _growth(growth) if growth else None,
        "signatures": [both(T("Closed by")), both(T("Seen by"))],
        "issued": {
            loc: gettext("Closed on {day}", loc, day=formats.local_date(closed_on, loc)) for loc in ("zh", "en")
        },
    }
    return printed("root.typ", data, issued_on=closed_on)


def _growth(growth: Growth) -> dict[str, object]:
    """The steps from the root on the sheet before to the root on this one."""
    facts = [
        _fact(both(T("Rows then")), str(growth.earlier.tree_size)),
        _fact(both(T("Root then")), _grouped(growth.earlier.root), code=True),
    ]
    return {
        "heading": {loc: say(_verdict(growth, loc), loc) for loc in ("zh", "en")},
        "what": both(_STILL_THERE if growth.is_grown else _CHANGED),
        "facts": facts,
        "steps": [_grouped(step) for step in growth.path],
    }


def _verdict(growth: Growth, locale: str) -> Text:
    month = formats.month_name(growth.since, locale)
    if growth.is_grown:
        return T("The ledger of {month} is the beginning of this one", month=month)
    return T("The ledger of {month} is NOT the beginning of this one", month=month)


def _fact(label: Both, value: str, *, code: bool = False) -> dict[str, object]:
    return {"label": label, "value": value, "code": code}


def _grouped(digest: str) -> str:
    """A digest in groups of eight, so that two people can compare it aloud."""
    return " ".join(digest[start : start + 8] for start in range(0, len(digest), 8))
