"""What the office's entries are called on pages."""

from timebank.core.text import T, Text
from timebank.ledger.models import EntryKind

ENTRY_WORDS: dict[EntryKind, Text] = {
    EntryKind.OPENING: T("balance of the paper register"),
    EntryKind.ADJUSTMENT: T("put a balance right"),
    EntryKind.TRANSFER: T("pass hours to kin"),
    EntryKind.REVERSAL: T("take a line back"),
}
