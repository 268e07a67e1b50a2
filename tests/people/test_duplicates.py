"""Entries that may be one person are suggested, told apart, or joined by two people; the ledger's lines stay."""

from datetime import date

import pytest
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from timebank.cases.operations import join_entries
from timebank.core import db
from timebank.core.actors import SYSTEM, Actor, Role, Scope
from timebank.core.errors import NotAllowed, Refused
from timebank.ledger import operations as ledger
from timebank.ledger.models import Transfer
from timebank.ledger.queries import account_of, balance_minutes
from timebank.people import duplicates
from timebank.people import operations as people
from timebank.people.models import Person, PersonCase, PersonState, Qualification, Sex
from timebank.people.queries import search_people
from timebank.people.rules import check_sign
from timebank.visits.models import Visit, VisitCarer
from timebank.visits.operations import assign

FIRST = Actor("usr_first", Role.COORDINATOR, make.TOWNSHIP)
SECOND = Actor("usr_second", Role.SUPERVISOR, make.TOWNSHIP)


def entry(name: str, born_on: date, *, number: int, sex: Sex = Sex.FEMALE, group: str = make.GROUP) -> Person:
    with db.transaction() as session:
        home = make.household(session=session, group_code=group, number=number)
        return make.elder(session=session, household=home, name=name, sex=sex, born_on=born_on)


def suspected() -> list[tuple[str, str, str]]:
    with db.reading() as session:
        pairs = duplicates.suspected(session, Scope(make.TOWNSHIP))
        return [(pair.one.name, pair.other.name, pair.why) for pair in pairs]


@pytest.mark.parametrize(
    ("name", "born_on", "why"),
    [
        ("冉秀英", date(1948, 3, 4), "same"),
        ("冉秀瑛", date(1948, 3, 4), "sound"),
        ("冉修英", date(1948, 3, 4), "sound"),
        ("冉秀英", date(1948, 4, 3), "day"),
        ("冉秀英", date(1958, 3, 4), "day"),
        ("冉秀英", date(1948, 4, 11), "day"),
    ],
)
def test_entries_that_are_alike_are_suggested(cast: Cast, name: str, born_on: date, why: str) -> None:
    entry("冉秀英", date(1948, 3, 4), number=30)
    entry(name, born_on, number=31)
    [found] = suspected()
    assert (sorted(found[:2]), found[2]) == (sorted(["冉秀英", name]), why)


@pytest.mark.parametrize(
    ("name", "born_on", "more"),
    [
        ("冉秀英", date(1948, 3, 4), {"sex": Sex.MALE}),
        ("冉秀英", date(1948, 3, 4), {"group": make.NEXT_GROUP}),
        ("冉秀英", date(1961, 9, 9), {}),
        ("李桂花", date(1948, 3, 4), {}),
    ],
)
def test_entries_that_differ_are_left_alone(cast: Cast, name: str, born_on: date, more: dict[str, object]) -> None:
    entry("冉秀英", date(1948, 3, 4), number=30)
    entry(name, born_on, number=31, **more)  # type: ignore[arg-type]
    assert suspected() == []


def test_two_people_are_told_apart_once_and_for_all(cast: Cast) -> None:
    one, other = (entry("冉秀英", date(1948, 3, 4), number=number) for number in (30, 31))
    for _ in range(2):
        with db.transaction() as session:
            people.tell_apart(session, actor=FIRST, one_id=other.id, other_id=one.id)
    assert suspected() == []


@pytest.fixture
def double(cast: Cast) -> Person:
    """李姐 stands in the book a second time, with an hour, a paper, and a visit to come."""
    with db.transaction() as session:
        home = make.household(session=session, number=40)
        made = make.volunteer(session=session, household=home, name="李姐", qualifications=("visit", "escort"))
        make.hours(session=session, person=made, minutes=60)
        make.hours(session=session, person=session.get_one(Person, cast.li.id), minutes=90)
        visit = make.visit(session=session, elder=cast.chen_popo)
        assign(session, actor=SYSTEM, visit_id=visit.id, carers=[(made.id, 540)], day_plan_id=None)
    return made


def propose(kept: Person, other: Person) -> PersonCase:
    with db.transaction() as session:
        return people.propose_merge(
            session, actor=FIRST, kept_id=kept.id, other_id=other.id, evidence="两张身份证是同一张"
        )


def join(case: PersonCase, actor: Actor = SECOND) -> None:
    with db.transaction() as session:
        join_entries(session, actor=actor, case=session.get_one(PersonCase, case.id))


def balance(person: Person) -> int:
    with db.reading() as session:
        account = account_of(session, person.id)
        return balance_minutes(session, account.id) if account else 0


def lines() -> list[tuple[object, ...]]:
    with db.reading() as session:
        found = session.exec(select(Transfer))
        return [(row.id, row.minutes, row.debit_account_id, row.credit_account_id) for row in found]


def test_joined_entries_are_one_and_no_line_of_the_book_changed(cast: Cast, double: Person) -> None:
    before = set(lines())
    join(propose(cast.li, double))
    assert before < set(lines()), "one line more, none touched"
    assert len(lines()) == len(before) + 1
    assert (balance(cast.li), balance(double)) == (150, 0)
    with db.reading() as session:
        merged = session.get_one(Person, double.id)
        assert (merged.state, merged.merged_into_id) == (PersonState.MERGED, cast.li.id)
        papers = session.exec(select(Qualification.kind).where(Qualification.person_id == cast.li.id)).all()
        assert "escort" in papers
        carer = session.exec(select(VisitCarer).join(Visit).where(Visit.elder_id == cast.chen_popo.id)).one()
        assert carer.person_id == cast.li.id
        names = [person.id for person in search_people(session, Scope(make.TOWNSHIP), words="李姐")]
        assert names == [cast.li.id]


def test_a_posting_to_a_joined_entry_is_refused_and_names_the_one_that_was_kept(cast: Cast, double: Person) -> None:
    join(propose(cast.li, double))
    with pytest.raises(Refused) as refused, db.transaction() as session:
        ledger.donate(session, actor=SYSTEM, person_id=double.id, minutes=10, key="late")
    assert refused.value.code == "ledger.person_merged"
    assert f"李姐 ({cast.li.household_code})" in str(refused.value.message)


def test_nobody_joins_what_they_proposed(cast: Cast, double: Person) -> None:
    case = propose(cast.li, double)
    with pytest.raises(NotAllowed, match="own_proposal"):
        join(case, FIRST)
    assert balance(double) == 60


def test_entries_with_visits_under_way_wait(cast: Cast, double: Person) -> None:
    case = propose(cast.li, double)
    with db.transaction() as session:
        visit = session.exec(select(Visit).where(Visit.elder_id == cast.chen_popo.id)).one()
        visit.state = "running"
        session.add(visit)
    with pytest.raises(Refused, match=r"visits\.under_way"):
        join(case)


def test_an_identity_number_that_comes_up_twice_leads_to_the_other_entry(cast: Cast, double: Person) -> None:
    number = "50015619680305004"
    number += check_sign(number)
    check = {"actor": FIRST, "passed": True, "method": "card_seen", "id_number": number}
    with db.transaction() as session:
        people.check_real_name(session, person_id=cast.li.id, **check)  # type: ignore[arg-type]
    with pytest.raises(Refused, match=r"people\.known_already.*李姐"), db.transaction() as session:
        people.check_real_name(session, person_id=double.id, **check)  # type: ignore[arg-type]
    join(propose(double, cast.li))  # the number goes with the entry that is kept
    with db.reading() as session:
        assert session.get_one(Person, double.id).id_number_hash is not None
        assert session.get_one(Person, cast.li.id).id_number_hash is None
