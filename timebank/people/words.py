"""What states of life and consents are called on pages."""

from timebank.core.text import T, Text
from timebank.people.effects import RELOCATED, RELOCATING
from timebank.people.models import PersonState

PERSON_STATE_WORDS: dict[str, Text] = {
    PersonState.ACTIVE: T("at home"),
    PersonState.HOSPITAL: T("in hospital"),
    PersonState.AWAY: T("away for a while"),
    PersonState.MOVED: T("moved away"),
    PersonState.DEAD: T("died"),
    PersonState.MERGED: T("registered twice, merged"),
}
CASE_WORDS: dict[str, Text] = {
    **PERSON_STATE_WORDS,
    "merging": T("may be registered twice"),
    "not_dead": T("lives: the death was entered by mistake"),
    RELOCATED: T("lives elsewhere in the district"),
    RELOCATING: T("will live elsewhere in the district"),
}
CONSENT_WORDS: dict[str, Text] = {
    "register": T("that the office keeps name, home and phone"),
    "visits": T("that visits are written down"),
    "health": T("that health data are kept for care"),
    "place": T("that the place of the home is kept"),
    "photo": T("that photos of paper slips are kept"),
    "kin": T("that kin with a written power see visits and care"),
    "open_data": T("that figures without names are published"),
}
