"""What the columns of an imported register mean and what their cells may say. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from timebank.core.csvio import Fault, Row
from timebank.core.errors import BadInput
from timebank.core.text import T, Text
from timebank.people.models import Sex
from timebank.people.rules import TAGS, check_door, check_landmark

PEOPLE_COLUMNS: dict[str, tuple[str, ...]] = {
    "group_code": ("组代码",),
    "door": ("门牌",),
    "landmark": ("标志物",),
    "lat": ("纬度",),
    "lon": ("经度",),
    "name": ("姓名",),
    "sex": ("性别",),
    "born_on": ("出生日期",),
    "id_number": ("身份证号",),
    "phone": ("电话",),
    "dialect": ("方言",),
    "is_elder": ("老人",),
    "is_volunteer": ("志愿者",),
    "tags": ("情况",),
}
REQUIRED = ("group_code", "door", "landmark", "name", "sex", "born_on")
_SEXES = {"男": Sex.MALE, "male": Sex.MALE, "m": Sex.MALE, "女": Sex.FEMALE, "female": Sex.FEMALE, "f": Sex.FEMALE}
_YES_OR_NO = {
    "是": True,
    "yes": True,
    "y": True,
    "1": True,
    "否": False,
    "no": False,
    "n": False,
    "0": False,
    "": False,
}
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,3}(\.\d{1,12})?", re.ASCII)
Value = TypeVar("Value")


@dataclass(frozen=True)
class PersonLine:
    """One line of the register, read."""

    line: int
    group_code: str
    door: str
    landmark: str
    place: tuple[float, float] | None
    name: str
    sex: Sex
    born_on: date
    id_number: str
    phone: str
    dialect: str
    is_elder: bool
    is_volunteer: bool
    tags: tuple[str, ...]


def read_person(row: Row) -> PersonLine | list[Fault]:
    """A line of the register, or everything that is wrong with it, by column."""
    cells, faults = row.cells, list[Fault]()

    def value(column: str, read: Callable[[str], Value], default: Value) -> Value:
        try:
            return read(cells.get(column, ""))
        except BadInput as refusal:
            faults.append(Fault(row.line, PEOPLE_COLUMNS[column][0], refusal.message))
            return default

    found = PersonLine(
        line=row.line,
        group_code=value("group_code", _digits(14), ""),
        door=value("door", check_door, ""),
        landmark=value("landmark", check_landmark, ""),
        place=_place(cells, value),
        name=value("name", _filled, ""),
        sex=value("sex", _one_of(_SEXES), Sex.FEMALE),
        born_on=value("born_on", read_date, date.min),
        id_number=cells.get("id_number", ""),
        phone=cells.get("phone", ""),
        dialect=cells.get("dialect", ""),
        is_elder=value("is_elder", _one_of(_YES_OR_NO), False),
        is_volunteer=value("is_volunteer", _one_of(_YES_OR_NO), False),
        tags=value("tags", _tags, ()),
    )
    return faults or found


def _place(cells: Mapping[str, str], value: Callable[..., float]) -> tuple[float, float] | None:
    if not cells.get("lat") and not cells.get("lon"):
        return None
    return value("lat", _degrees(90), 0.0), value("lon", _degrees(180), 0.0)


def _wrong(message: Text) -> BadInput:
    return BadInput("exchange.bad_cell", message)


def _filled(cell: str) -> str:
    if not cell:
        raise _wrong(T("Please fill this in."))
    return cell


def _digits(count: int) -> Callable[[str], str]:
    def read(cell: str) -> str:
        if len(cell) != count or not cell.isascii() or not cell.isdigit():
            raise _wrong(T("Write {count} plain digits.", count=count))
        return cell

    return read


def read_date(cell: str) -> date:
    """A date as offices write it: 1941-03-07, 1941/3/7 or 1941年3月7日; a spreadsheet's day number is refused."""
    found = _DATE.fullmatch(cell)
    try:
        return date(*map(int, found.groups())) if found else date.fromisoformat("")
    except ValueError:
        raise _wrong(T("Write the date as year-month-day, for example 1941-03-07.")) from None


def _degrees(most: int) -> Callable[[str], float]:
    def read(cell: str) -> float:
        if not _NUMBER.fullmatch(cell) or abs(float(cell)) > most:
            raise _wrong(T("Write degrees with a point, for example 29.3243."))
        return float(cell)

    return read


def _one_of(words: Mapping[str, Value]) -> Callable[[str], Value]:
    def read(cell: str) -> Value:
        if cell.lower() not in words:
            names = "、".join(word for word in words if word and not word.isascii())
            raise _wrong(T("Write one of: {names}.", names=names))
        return words[cell.lower()]

    return read


def _tags(cell: str) -> tuple[str, ...]:
    """Situations, as codes or as the Chinese words of the form, between commas."""
    asked = [word.strip() for word in re.split(r"[,，、;；]", cell) if word.strip()]
    unknown = [word for word in asked if word not in TAGS]
    if unknown:
        raise _wrong(T("Not known: {words}. Choose from: {names}.", words="、".join(unknown), names="、".join(TAGS)))
    return tuple(asked)
