"""The root sheet of a month: what the archive keeps on paper, so that the records cannot be changed unseen."""

from timebank.core import clock, formats
from timebank.core.i18n import gettext
from timebank.core.text import T
from timebank.ledger.models import Seal
from timebank.statements.models import MonthRun
from timebank.statements.sheets.press import Both, both, printed


def root_pdf(run: MonthRun, seal: Seal | None, *, scheme: str, district: str) -> bytes:
    """The root sheet: number of sheets, root of the sheets, root, size and signature of the ledger's seal."""
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
        "signatures": [both(T("Closed by")), both(T("Seen by"))],
        "issued": {
            loc: gettext("Closed on {day}", loc, day=formats.local_date(closed_on, loc)) for loc in ("zh", "en")
        },
    }
    return printed("root.typ", data, issued_on=closed_on)


def _fact(label: Both, value: str, *, code: bool = False) -> dict[str, object]:
    return {"label": label, "value": value, "code": code}


def _grouped(digest: str) -> str:
    """A digest in groups of eight, so that two people can compare it aloud."""
    return " ".join(digest[start : start + 8] for start in range(0, len(digest), 8))
