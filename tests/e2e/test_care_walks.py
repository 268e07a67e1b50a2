"""Three ways of care walked to their end in a real browser: a search, a meal that was not eaten, the way to the doctor.

Sources: field guide §4.2 (the elder hears who comes, says how it was), §4.3 (the assistant's lists, unreached first),
§4.5 (review, visiting rate). The test holds the clock of the house, so that a whole day passes in seconds; helpers walk
without scripts, because a phone that keeps entries has a clock of its own (test_phone_offline.py).
"""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlmodel import Session, select
from waitress.server import create_server

from tests import factories as make
from tests.cast import Cast, assemble
from tests.fixtures.databases import migrated_file
from tests.fixtures.served import NARROW, WIDE, Enter
from tests.fixtures.site import make_app
from timebank.careplans.models import ServiceKind
from timebank.core import clock, db
from timebank.core.actors import SYSTEM
from timebank.dayplans import operations as dayplans
from timebank.escorts.queries import escorts_from
from timebank.ledger.queries import account_of
from timebank.meals.models import MealOrder
from timebank.people.models import Person
from timebank.visiting.models import UnreachedCase
from timebank.visits.models import Visit, VisitCarer, VisitState

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

pytestmark = pytest.mark.waits  # for the browser
TUESDAY = date(2026, 11, 3)
STEPS = 300  # so that the plan depends on the day alone
NINE = clock.at_local(TUESDAY, 9 * 60)


@dataclass
class House:
    """A served house whose clock the test holds."""

    app: Flask
    cast: Cast | None = None
    address: str = ""
    now: datetime = NINE

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"].endswith("/stream"):  # the house gives whole answers; nobody follows the board here
            start_response("404 Not Found", [("Content-Length", "0")])
            return []
        with clock.frozen(self.now):
            answer = self.app(environ, start_response)
            try:
                return [b"".join(answer)]
            finally:
                if close := getattr(answer, "close", None):
                    close()

    @contextmanager
    def work(self) -> Iterator[Session]:
        """A unit of work at the hour of the house."""
        with clock.frozen(self.now), db.transaction() as session:
            yield session

    def elder(self, name: str, number: int) -> Person:
        """Somebody who lives alone in 桥头村, for one walk."""
        with self.work() as session:
            home = make.household(session=session, number=number)
            made = make.elder(session=session, household=home, name=name)
            made.tags = ["living_alone"]
            session.add(made)
        return made

    def plan(self, enter: Enter, on: date, elder: Person, count: int) -> str:
        """周站长 finds the visits of an elder on the board of a drafted day and publishes it; the login that goes."""
        assert self.cast is not None
        with self.work() as session:
            draft = dayplans.draft_day(session, actor=SYSTEM, area_code=make.TOWNSHIP, on=on, steps=STEPS)
        board = enter("zhou", viewport=WIDE).new_page()
        board.goto(f"/days/{draft.id}/board")
        expect(board.locator(f'.lines g.visit[aria-label*="{elder.name}"]')).to_have_count(count)
        board.locator("#board-publish").click()
        expect(board.locator("#board-publish")).to_be_hidden()
        with db.reading() as session:
            found = select(VisitCarer.person_id).where(VisitCarer.visit_id == Visit.id, Visit.elder_id == elder.id)
            [carer] = set(session.exec(found.where(Visit.due_on == on)).all())
        return {self.cast.li.id: "li", self.cast.zhang.id: "zhang"}[carer]


def starts_of(visit: Visit) -> int:
    """When the published day has somebody at a visit, as a minute of the day."""
    with db.reading() as session:
        return session.exec(select(VisitCarer.starts_minute).where(VisitCarer.visit_id == visit.id)).one()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The house of this file; `enter` walks in by its address."""
    folder = tmp_path_factory.mktemp("walks")
    shutil.copyfile(migrated_file(), folder / "timebank.sqlite3")
    house = House(make_app(f"sqlite:///{folder / 'timebank.sqlite3'}", folder))
    with house.work() as session:
        house.cast = assemble(session)
        make.papers(session=session, person=house.cast.li, kinds=["escort"])
    server = create_server(house, host="127.0.0.1", port=0, threads=6)
    house.address = f"http://127.0.0.1:{server.effective_port}"
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    yield house
    server.close()
    thread.join(timeout=10)
    db.engine().dispose()


@pytest.fixture(autouse=True)
def tuesday_morning(served: House) -> None:
    served.now = NINE


def visited(page: Page) -> int:
    """How many elders of the village were visited this month, as the page of the rate says."""
    page.goto("/visiting-rate")
    row = page.locator("main tbody tr", has_text="桥头村")
    return int(row.locator("td.number").nth(1).inner_text())


def test_an_elder_who_does_not_answer_is_looked_for_and_counts_once_found(served: House, enter: Enter) -> None:
    """The list, two tries, neighbour, village; then somebody knows how she is, and the visiting rate has one more."""
    elder = served.elder("谢婆婆", 61)
    page = enter("wang", lang="zh", viewport=NARROW).new_page()
    before = visited(page)
    page.goto("/visiting")
    page.get_by_role("link", name="谢婆婆").click()
    page.select_option("select[name=form]", "phone")
    page.select_option("select[name=outcome]", "no_answer")
    page.locator("form.card button.main").click()
    expect(page.locator("h1")).to_have_text("没联系上")
    with db.reading() as session:
        search = session.exec(select(UnreachedCase).where(UnreachedCase.elder_id == elder.id)).one()
    form = page.locator(f'form[action$="/searches/{search.id}"]')
    for minutes, step, outcome in ((40, "second_try", "no_answer"), (70, "neighbour", "no_answer")):
        served.now = clock.at_local(TUESDAY, 9 * 60 + minutes)
        page.goto("/visiting/searches")
        form.locator("[name=kind]").select_option(step)
        form.locator("[name=outcome]").select_option(outcome)
        form.get_by_role("button").click()
        expect(page.locator("main .note.done")).to_be_visible()
    assert visited(page) == before  # nobody has seen her yet
    page.goto("/visiting/searches")
    form.locator("[name=kind]").select_option("village")
    form.locator("[name=outcome]").select_option("well")
    form.locator("[name=words]").fill("在后山捡柴")
    form.get_by_role("button").click()
    expect(form).to_have_count(0)
    assert visited(page) == before + 1


def test_a_meal_goes_from_the_menu_to_the_door_and_an_uneaten_one_brings_somebody(served: House, enter: Enter) -> None:
    """The dish, the order, the hot bag; the last meal still stands there, and a visit to look in is on the list."""
    elder = served.elder("何婆婆", 62)
    office = enter("wang", viewport=WIDE).new_page()
    office.goto("/meals")
    kitchen = str(office.locator("main tbody a").first.get_attribute("href")).split("?")[0]
    tomorrow = TUESDAY + timedelta(days=1)
    office.goto(f"{kitchen}?on={tomorrow}")
    office.get_by_text("Put a dish on the list").click()
    office.get_by_label("Dish").fill("南瓜稀饭")
    office.get_by_role("button", name="Keep").click()
    expect(office.locator("main")).to_contain_text("南瓜稀饭")
    office.goto(f"/meals/of/{elder.id}")
    office.get_by_role("button", name="Order this dish").click()
    expect(office.locator("main")).to_contain_text("Enjoy the meal!")
    with db.reading() as session:
        order = session.exec(select(MealOrder).where(MealOrder.elder_id == elder.id)).one()
    carrier = served.plan(enter, tomorrow, elder, 1)

    served.now = clock.at_local(tomorrow, 11 * 60)
    helper = enter(carrier, scripts=False).new_page()
    helper.goto("/meal-round")
    helper.get_by_label("Heat of the food").fill("72")
    helper.get_by_role("button", name="I leave with the bag").click()
    expect(helper.locator("main")).to_contain_text("0 min in the bag")
    served.now += timedelta(minutes=25)
    helper.goto("/meal-round")
    expect(helper.locator("main")).to_contain_text("25 min in the bag")
    helper.get_by_label("still stands there").check()
    helper.get_by_role("button", name="Handed over", exact=True).click()
    expect(helper.locator("main")).to_contain_text("The last meal was not eaten: somebody looks in.")

    office = enter("wang", viewport=WIDE).new_page()  # a night without use ends a session
    office.goto("/village-day")
    rows = office.locator("main tbody tr", has_text="何婆婆")
    expect(rows).to_have_count(2)  # the meal, and the visit that the meal brought
    expect(rows.filter(has_text="Nobody named yet")).to_have_count(1)
    with db.reading() as session:
        look_in = session.exec(select(Visit).where(Visit.source_key == f"uneaten:{order.id}")).one()
    assert (look_in.service, look_in.state, look_in.due_on) == (ServiceKind.VISIT, VisitState.DUE, tomorrow)


def test_to_the_doctor_and_home_again_and_the_hours_stand_in_the_book(served: House, enter: Enter) -> None:
    """An appointment becomes three parts, each told at its door, nodded to and reviewed: 30, 75 and 30 minutes."""
    assert served.cast is not None
    elder = served.elder("代大爷", 63)
    office = enter("wang", lang="zh", viewport=WIDE).new_page()
    on = TUESDAY + timedelta(days=2)  # a day of its own: each walk publishes one
    office.goto(f"/escorts/of/{elder.id}")
    typed = (("clinic", "镇卫生院"), ("on", on.isoformat()), ("appointment", "10:00"), ("ride_minutes", "40"))
    for name, value in typed:
        office.fill(f"[name={name}]", value)
    office.locator("form.card button.main").click()
    expect(office.locator("main section.card", has_text="代大爷").locator("li")).to_have_count(3)
    with db.reading() as session:
        [arranged] = [row for row in escorts_from(session, make.VILLAGE, on) if row.elder.id == elder.id]
    parts = list(arranged.parts.values())
    assert served.plan(enter, on, elder, 3) == "li", "one helper all the way, the only one with the papers"

    served.now = clock.at_local(on, 8 * 60)
    helper = enter("li", lang="zh", scripts=False).new_page()
    for visit in parts:
        served.now = clock.at_local(on, starts_of(visit))
        helper.goto("/today")
        answer = helper.locator(f'form[action*="/{visit.id}/answer"]')
        answer.locator('button[value="yes"]').click()
        expect(answer).to_have_count(0)
        helper.goto("/today")
        helper.locator(f'a.main[href*="/stops/{visit.id}"]').click()
        helper.get_by_role("button", name="我到了").click()
        expect(helper.get_by_role("button", name="我走了")).to_be_visible()
        served.now += timedelta(minutes=visit.duration_minutes)
        helper.get_by_role("button", name="我走了").click()
        expect(helper.locator("main")).to_contain_text("做完了")
    office = enter("wang", lang="zh", viewport=WIDE).new_page()  # a night without use ends a session
    for visit in parts:
        office.goto(f"/village-day?on={on}")
        nod = office.locator(f'form[action*="/{visit.id}/confirm"]')
        nod.locator('button[value="3"]').click()
        expect(nod).to_have_count(0)
    desk = enter("wu", lang="zh", viewport=WIDE).new_page()
    for visit in parts:
        desk.goto(f"/reviews/{visit.id}")
        desk.locator("main button[value=approve]").click()
        expect(desk.locator("h1")).to_have_text("审核")
    with db.reading() as session:
        account = account_of(session, served.cast.li.id)
    assert account is not None and account.balance_minutes == 30 + 75 + 30  # by quarters of an hour
    helper.goto("/hours")
    expect(helper.locator("#standing")).to_contain_text("2 小时 15 分")
