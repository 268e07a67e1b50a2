"""Finding people: by name, reading, first letters, door, hamlet and village; page by page; within the own area."""

from datetime import date

import pytest
import sqlalchemy as sa

from tests import factories as make
from tests.cast import Cast
from timebank.core import clock, crypto, db, ids
from timebank.core.actors import SYSTEM, Scope
from timebank.core.db import table_of
from timebank.core.limits import PAGE_ROWS
from timebank.people import operations as people
from timebank.people.models import Household, Person, Sex
from timebank.people.names import initials_of, key_of, reading_of
from timebank.people.queries import search_people

TOWNSHIP = Scope(make.TOWNSHIP)


def found(words: str = "", scope: Scope = TOWNSHIP, **more: str) -> list[str]:
    with db.reading() as session:
        return [person.name for person in search_people(session, scope, words=words, **more)]


@pytest.fixture
def shan(cast: Cast) -> Person:
    """Somebody with a surname that is read otherwise than the word."""
    with db.transaction() as session:
        home = make.household(session=session, number=20, landmark="老磨坊旁")
        return make.elder(session=session, household=home, name="单桂英")


@pytest.mark.parametrize(
    "words",
    [
        "单桂英",
        "桂英",
        "shan",
        "shanguiying",
        "Shan Gui",
        "guiying",
        "sgy",
        "0020",
        "20",
        "磨坊",
        "桂英 桥头",
        "gui qiaotou",
    ],
)
def test_somebody_is_found_by_what_people_know(shan: Person, words: str) -> None:
    assert "单桂英" in found(words)


@pytest.mark.parametrize("words", ["dan", "单桂兰", "桂英 黄坪", "0021", "%", "_", "'", "sgx"])
def test_what_does_not_fit_finds_nobody(shan: Person, words: str) -> None:
    assert found(words) == []


def test_a_reading_corrected_by_hand_is_found_and_the_old_one_is_not(shan: Person) -> None:
    with db.transaction() as session:
        people.correct_pinyin(session, actor=SYSTEM, person_id=shan.id, pinyin="Chan Gui Ying")
    assert found("changuiying") == found("cgy") == ["单桂英"]
    assert found("shanguiying") == []


def test_the_other_township_is_not_seen(cast: Cast) -> None:
    assert found("胡大爷") == []
    assert found("胡大爷", Scope(make.DISTRICT)) == ["胡大爷"]
    assert "陈婆婆" not in found(area_code=make.NEXT_VILLAGE)


def many(count: int) -> None:
    """Villagers written in bulk, with names that repeat."""
    rows = []
    for number in range(count):
        name = "李王张刘陈"[number % 5] + "桂秀玉素明"[number // 5 % 5] + "英兰珍芳"[number // 25 % 4]
        reading = reading_of(name)
        person = Person(
            id=ids.new_id("per"),
            household_code=f"{make.GROUP}-0900",
            area_code=make.GROUP,
            name=name,
            pinyin=reading,
            pinyin_key=key_of(reading),
            initials=initials_of(reading),
            sex=Sex.FEMALE,
            born_on=date(1950, 1, 1),
            created_at=clock.now(),
        )
        rows.append({column.name: getattr(person, column.name) for column in table_of(Person).columns})
    with db.transaction() as session:
        place = crypto.vault().seal([29.2, 107.8])
        session.add(Household(code=f"{make.GROUP}-0900", area_code=make.GROUP, landmark="桥", place_sealed=place))
        session.flush()
        session.connection().execute(sa.insert(table_of(Person)), rows)


def test_pages_follow_each_other_and_nobody_is_lost(cast: Cast) -> None:
    many(3 * PAGE_ROWS)
    seen: list[str] = []
    with db.reading() as session:
        while True:
            page = search_people(session, TOWNSHIP, words="0900", after_id=seen[-1] if seen else "")
            seen += [person.id for person in page]
            if len(page) < PAGE_ROWS:
                break
    assert len(seen) == len(set(seen)) == 3 * PAGE_ROWS


def test_a_page_of_thousands_takes_one_statement(cast: Cast) -> None:
    many(6_000)
    statements: list[str] = []
    sa.event.listen(db.engine(), "before_cursor_execute", lambda *told: statements.append(told[2]))
    assert len(found("guiying")) == PAGE_ROWS
    assert [one for one in statements if "SELECT" in one] == statements[-1:]
