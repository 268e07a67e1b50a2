"""What may be written about people. Pure.

Sources: GB 11643 (check digit of the identity number), 志愿服务条例 arts 15-17 (age, training, insurance).
"""

from datetime import date

from timebank.core.errors import BadInput
from timebank.core.limits import EARLIEST_BIRTH_YEAR, MAX_NAME_CHARS
from timebank.core.months import age_on
from timebank.core.text import T, Text
from timebank.people.models import Sex

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_SIGNS = "10X98765432"
_MAX_DIALECT_CHARS = 20

TAGS: dict[str, Text] = {
    "living_alone": T("lives alone"),
    "empty_nest": T("children live elsewhere"),
    "left_behind": T("left behind"),
    "disabled": T("cannot care for themselves"),
    "severely_handicapped": T("severely handicapped"),
    "one_child_loss": T("family-planning special family"),
    "hardship": T("in hardship"),
}
QUALIFICATIONS: dict[str, Text] = {
    "visit": T("visiting"),
    "meal": T("carrying meals"),
    "bath": T("helping with baths"),
    "escort": T("going along to the doctor"),
    "chore": T("doing housework"),
    "company": T("keeping company"),
    "phone_check": T("calling elders"),
    "vitals": T("taking blood pressure"),
    "insurance": T("accident insurance"),
    "health": T("health check"),
    "agreement": T("volunteer agreement"),
    "assessor": T("assessing elders"),
}
CERTIFICATES = ("insurance", "health", "agreement")  # the other kinds are trainings
REAL_NAME_METHODS: dict[str, Text] = {
    "card_seen": T("identity card seen"),
    "national_system": T("asked the national system"),
}
RELATIONS: dict[str, Text] = {
    "spouse": T("spouse"),
    "child": T("child"),
    "parent": T("parent"),
    "grandchild": T("grandchild"),
    "grandparent": T("grandparent"),
    "sibling": T("brother or sister"),
    "other": T("other kin"),
}
PROXY_PURPOSES: dict[str, Text] = {
    "request": T("ask for help"),
    "confirm": T("confirm visits"),
    "donate": T("give hours"),
    "follow_visits": T("follow visits"),
    "see_bed": T("see the plan of the bed"),
}


def check_name(raw: str) -> str:
    """A name of one to sixty printable signs, blanks trimmed."""
    name = " ".join(raw.split())
    if not name or len(name) > MAX_NAME_CHARS or not name.isprintable():
        raise BadInput("people.bad_name", T("Write the name as on the identity card."), field="name")
    return name


def check_door(raw: str) -> str:
    """The number of a door in its villager group, from 1 to 9999, as four digits."""
    digits = raw.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 4 and int(digits)):
        raise BadInput("people.bad_door", T("Write the number of the door, from 1 to 9999."), field="door")
    return digits.zfill(4)


def check_landmark(raw: str) -> str:
    """What a stranger looks for in the hamlet, in one to sixty signs."""
    landmark = " ".join(raw.split())
    if not landmark or len(landmark) > MAX_NAME_CHARS or not landmark.isprintable():
        text = T("Write what one looks for there, for example: under the banyan tree.")
        raise BadInput("people.bad_landmark", text, field="landmark")
    return landmark


def check_birth(born_on: date, *, today: date) -> date:
    """A date of birth after 1899 and not in the future."""
    if born_on.year < EARLIEST_BIRTH_YEAR or born_on > today:
        raise BadInput("people.bad_birth", T("Write a date of birth between 1900 and today."), field="born_on")
    return born_on


def check_id_number(raw: str) -> str:
    """An 18-sign identity number with a right check sign, in capitals."""
    number = raw.strip().upper()
    fits = len(number) == 18 and number.isascii() and number[:17].isdigit() and number[17] in _CHECK_SIGNS
    if not fits or number[17] != check_sign(number[:17]):
        text = T("The identity number has 18 signs; one of them is wrong. Look at the card again.")
        raise BadInput("people.bad_id_number", text, field="id_number")
    return number


def check_sign(first_17: str) -> str:
    """The last sign of an identity number (GB 11643-1999, ISO 7064 MOD 11-2)."""
    return _CHECK_SIGNS[sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first_17, strict=True)) % 11]


def fits_card(number: str, *, born_on: date, sex: Sex) -> bool:
    """Whether an identity number says this birthday and sex (GB 11643: signs 7-14 and the parity of the 17th)."""
    is_male = int(number[16]) % 2 == 1
    return number[6:14] == f"{born_on:%Y%m%d}" and is_male == (sex == Sex.MALE)


def check_fits_card(number: str, *, born_on: date, sex: Sex) -> None:
    """Refuse an identity number that says another birthday or sex than the book."""
    if not fits_card(check_id_number(number), born_on=born_on, sex=sex):
        text = T("This number says another birthday or sex than the book. Look at the card again.")
        raise BadInput("people.number_of_another", text, field="id_number")


def check_phone(raw: str) -> str:
    """A phone number of 5 to 15 ASCII digits, or nothing; blanks and hyphens are dropped."""
    digits = raw.replace(" ", "").replace("-", "")
    if digits and not (digits.isascii() and digits.isdigit() and 5 <= len(digits) <= 15):
        raise BadInput("people.bad_phone", T("A phone number has 5 to 15 plain digits."), field="phone")
    return digits


def check_dialect(raw: str) -> str:
    """A dialect in at most twenty signs, or nothing."""
    dialect = raw.strip()
    if len(dialect) > _MAX_DIALECT_CHARS:
        raise BadInput("core.too_long", T("Write at most {most} signs.", most=_MAX_DIALECT_CHARS), field="dialect")
    return dialect


def masked_name(name: str) -> str:
    """A name for papers that others may see: the first sign and circles."""
    return name[:1] + "〇" * max(1, len(name) - 1)


def masked_id_number(number: str) -> str:
    """An identity number for papers: the first three and the last two signs."""
    return f"{number[:3]}{'*' * 13}{number[-2:]}"


def may_volunteer(born_on: date, on: date) -> bool:
    """Whether somebody is old enough to help alone: 18 (younger ones come with a guardian in groups)."""
    return age_on(born_on, on) >= 18


def pair_key(one_id: str, other_id: str) -> str:
    """The name of a pair of entries, whichever way round."""
    return ":".join(sorted((one_id, other_id)))
