"""The steps of campaign C4: each is done to the ledger and to its model, which says what must come of it."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import combinations
from random import Random
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from tests import factories as make
from tests.campaigns.ground import assert_sound, attempt, copied
from tests.campaigns.model_of_the_ledger import COMMONS, DISTRICT, POOL, TOWNSHIP, Decision, Model
from tests.campaigns.village_of_the_ledger import (
    AT_FIRST,
    BEGIN,
    FIRST,
    MEMBERS,
    OPENING_MINUTES,
    SECOND,
    Village,
    somebody_old,
)
from tests.stories.closing import close as close_books
from timebank.cases import operations as cases
from timebank.core import clock, ids
from timebank.core.actors import SYSTEM, Actor
from timebank.core.db import reading
from timebank.ledger import operations as ledger
from timebank.ledger import queries
from timebank.ledger.models import Hold, HourAccount, Transfer
from timebank.people import operations as people
from timebank.people.models import Person, PersonCase, PersonState
from timebank.policies import operations as policies
from timebank.policies.queries import in_force

PLACES = {DISTRICT: make.DISTRICT, TOWNSHIP: make.TOWNSHIP}
ENOUGH = 4  # somebody new comes where fewer than this are left
WHO, LINE = range(8), range(100)
MINUTES = [1, 30, 60, 61, 120, 600]
GROUPS = [*((number,) for number in WHO), *combinations(WHO, 2), *combinations(WHO, 3)]
DAYS_AGO = [0, 0, 1, 2, 40]
RULES: list[tuple[str, Any]] = [
    *(("balance.cap_minutes", cap) for cap in (200, 700, 1_500)),
    *(("balance.floor_minutes", floor) for floor in (0, -120)),
    *(("transfer.max_minutes_per_year", most) for most in (100, 18_000)),
    *(("gift.monthly_minutes", gift) for gift in (0, 90, 180)),
    *(("group.hours_mode", mode) for mode in ("personal", "donation_only")),
    *(("pool.backed_minutes", backed) for backed in (1_500, 6_000_000)),
]


Work = Callable[..., None]
Story = list[tuple[str, dict[str, Any]]]
STEPS: dict[str, dict[str, Sequence[Any]]] = {}


def step(**choices: Sequence[Any]) -> Callable[[Work], Work]:
    """Declare a step of a script, and from what each thing it is given is chosen."""

    def declare(work: Work) -> Work:
        STEPS[work.__name__] = choices
        return work

    return declare


class Script:
    """The steps: each is done to the ledger and to the model, which says what must come of it."""

    def __init__(self, village: Village, forgets: str) -> None:
        self.home, self.people = village.home, list(village.people)
        self.now, self.checked = BEGIN, BEGIN
        self.deaths: dict[int, str] = {}  # who: the case
        self.sources: list[str] = []
        self.model = Model(BEGIN, forgets)
        self.model.decisions.append(Decision(village.decision_id, DISTRICT, BEGIN.date(), AT_FIRST))
        self.model.night()
        for who in range(MEMBERS):
            self.model.comes()
            self.model.own(who)
            self.model.correct(who, OPENING_MINUTES)
        self.model.give(BEGIN.date().replace(day=1))
        self._name_lines(BEGIN - timedelta(minutes=1))

    def _does(self, what: Callable[..., Any], **values: Any) -> Any:
        """What the ledger answers: the result, or the code of the refusal."""
        with clock.frozen(self.now):
            return attempt(lambda session: what(session, **{"actor": SYSTEM} | values))

    def _agree(self, step: Callable[..., None], given: dict[str, Any], what: Callable[..., Any], **values: Any) -> Any:
        """Do a step in both, a minute later: where the model sees what stands in the way, so must the ledger."""
        self.now += timedelta(minutes=1)
        self.model.now = self.now
        right, answer = self.model.expected(step, **given), self._does(what, **values)
        refusal = answer if isinstance(answer, str) else None
        assert refusal in (right or {None}), (step.__name__, given, refusal, right)
        return answer

    def _who(self, number: int) -> int:
        return number % len(self.people)

    def _account_id(self, who: int) -> str | None:
        with reading() as session:
            found = queries.account_of(session, self.people[who])
            return found.id if found else None

    @step(number=WHO, minutes=MINUTES, days_ago=DAYS_AGO)
    def earn(self, number: int, minutes: int, days_ago: int) -> None:
        who, event_at = self._who(number), self.now - timedelta(days=days_ago)

        def work(session: Session, *, actor: Actor) -> None:
            person = session.get_one(Person, self.people[who])
            policy = in_force(session, person.area_code, event_at.date())
            visit = {"visit_id": ids.new_id("vis"), "event_at": event_at, "policy": policy}
            ledger.earn(session, actor=actor, person=person, minutes=minutes, **visit)

        self._agree(self.model.earn, {"who": who, "minutes": minutes, "on": event_at.date()}, work)

    @step(numbers=GROUPS, minutes=MINUTES, days_ago=DAYS_AGO, again=[True, False])
    def meet(self, numbers: tuple[int, ...], minutes: int, days_ago: int, again: bool) -> None:
        """A session of a group; told twice, it counts once."""
        helpers, event_at = sorted({self._who(number) for number in numbers}), self.now - timedelta(days=days_ago)
        work = {
            "area_code": make.GROUP,
            "session_id": ids.new_id("gse"),
            "minutes_by_person": {self.people[who]: minutes for who in helpers},
            "event_at": event_at,
        }
        model = {"minutes": dict.fromkeys(helpers, minutes), "on": event_at.date()}
        answer = self._agree(self.model.meet, model, ledger.record_group_session, **work)
        if again and not isinstance(answer, str):
            assert not isinstance(self._does(ledger.record_group_session, **work), str)

    @step(number=WHO, minutes=MINUTES)
    def donate(self, number: int, minutes: int) -> None:
        who = self._who(number)
        asked = {"person_id": self.people[who], "minutes": minutes, "key": ids.new_id("key")}
        self._agree(self.model.donate, {"who": who, "minutes": minutes}, ledger.donate, **asked)

    @step(number=WHO, other=WHO, minutes=MINUTES)
    def pass_on(self, number: int, other: int, minutes: int) -> None:
        who, kin = self._who(number), self._who(other)
        if who != kin:
            asked = {"person_id": self.people[who], "kin_id": self.people[kin], "second_user_id": "usr_wu"}
            given = {"who": who, "kin": kin, "minutes": minutes}
            self._agree(
                self.model.pass_on, given, ledger.transfer_to_kin, minutes=minutes, key=ids.new_id("key"), **asked
            )

    @step(number=WHO, minutes=MINUTES)
    def ask_for_help(self, number: int, minutes: int) -> None:
        given = {"who": self._who(number), "minutes": minutes}
        source = ids.new_id("vis")
        asked = {"person_id": self.people[given["who"]], "minutes": minutes, "source_id": source}
        if not isinstance(self._agree(self.model.promise, given | {"source": source}, ledger.hold, **asked), str):
            self.sources.append(source)

    @step(number=LINE, minutes=MINUTES, takes_place=[True, False])
    def visit_ends(self, number: int, minutes: int, takes_place: bool) -> None:
        if not self.sources:
            return
        source, given = self.sources[number % len(self.sources)], minutes if takes_place else 0
        with reading() as session:
            hold_id = str(session.exec(select(sa.func.min(Hold.id)).where(Hold.source_id == source)).one())
        help_on = {"source": source, "minutes": given, "on": self.now.date()}
        if takes_place:
            work = {"minutes": minutes, "event_at": self.now}
            self._agree(self.model.help, help_on, ledger.capture, hold_id=hold_id, **work)
        else:
            self._agree(self.model.help, help_on, ledger.release, hold_id=hold_id)

    @step(number=LINE)
    def take_back(self, number: int) -> None:
        if self.model.lines:
            line = self.model.lines[-1 - number % len(self.model.lines)]
            asked = {"transfer_id": line.id, "why": "wrong person"}
            self._agree(self.model.take_back, {"line": line}, ledger.reverse, **asked)

    @step(number=WHO, minutes=MINUTES, up=[True, False])
    def correct(self, number: int, minutes: int, up: bool) -> None:
        who, signed = self._who(number), minutes if up else -minutes
        paper = {"why": "slip", "second_user_id": "usr_wu", "evidence": "folder 1", "key": ids.new_id("key")}
        if account_id := self._account_id(who):
            given = {"who": who, "minutes": signed}
            self._agree(self.model.correct, given, ledger.adjust, account_id=account_id, minutes=signed, **paper)

    @step(place=[DISTRICT, TOWNSHIP], change=RULES, in_days=[0, 1, 9])
    def decide(self, place: str, change: tuple[str, Any], in_days: int) -> None:
        """One proposes a rule from a day on, another one approves it."""
        starts_on, changes = self.now.date() + timedelta(days=in_days), dict([change])
        decision = Decision(ids.new_id("new"), place, starts_on, changes)

        def work(session: Session, *, actor: Actor) -> Any:
            what = {"area_code": PLACES[place], "starts_on": starts_on, "changes": changes}
            made = policies.propose(session, actor=actor, **what)
            session.flush()
            return policies.approve(session, actor=SECOND, version_id=made.id)

        answer = self._agree(self.model.decide, {"decision": decision}, work, actor=FIRST)
        decision.id = answer if isinstance(answer, str) else answer.id

    @step(number=WHO, days_ago=[0, 1, 5])
    def die(self, number: int, days_ago: int) -> None:
        who, on = self._who(number), self.now.date() - timedelta(days=days_ago)
        asked = {"person_id": self.people[who], "state": PersonState.DEAD, "since_on": on}
        answer = self._agree(self.model.dies, {"who": who, "on": on}, people.change_state, **asked)
        if not isinstance(answer, str):
            self.deaths[who] = answer.id

    def _case(self, number: int) -> tuple[int, str] | None:
        return sorted(self.deaths.items())[number % len(self.deaths)] if self.deaths else None

    @step(number=WHO, heir=[None, *WHO])
    def settle_estate(self, number: int, heir: int | None) -> None:
        """One proposes to whom the hours of the dead go, another one passes them on."""
        who, case_id = self._case(number) or (0, "")
        heir = None if heir is None else self._who(heir)
        if not case_id or heir == who:
            return

        def work(session: Session, *, actor: Actor) -> None:
            case = session.get_one(PersonCase, case_id)
            heir_id = "" if heir is None else self.people[heir]
            cases.propose_estate(session, actor=actor, case=case, heir_id=heir_id, evidence="folder 2")
            cases.settle_estate(session, actor=SECOND, case=case)

        self._agree(self.model.settle, {"who": who, "heir": heir}, work, actor=FIRST)

    @step(number=WHO)
    def live_after_all(self, number: int) -> None:
        """The death was entered by mistake."""
        who, case_id = self._case(number) or (0, "")
        if not case_id:
            return

        def work(session: Session, *, actor: Actor) -> None:
            case = session.get_one(PersonCase, case_id)
            cases.propose_mistake(session, actor=actor, case=case, evidence="seen at home")
            cases.decide_mistake(session, actor=SECOND, case=case, lives=True)

        self._agree(self.model.lives, {"who": who}, work, actor=FIRST)

    @step(number=WHO, other=WHO)
    def join_entries(self, number: int, other: int) -> None:
        """Two entries were one person all the time; two people of the office look at them."""
        who, kept = self._who(number), self._who(other)
        if who == kept:
            return

        def work(session: Session, *, actor: Actor) -> None:
            asked = {"kept_id": self.people[kept], "other_id": self.people[who], "evidence": "one card"}
            case = people.propose_merge(session, actor=actor, **asked)
            session.flush()
            cases.join_entries(session, actor=SECOND, case=case)

        self._agree(self.model.join, {"who": who, "kept": kept}, work, actor=FIRST)

    @step()
    def somebody_comes(self) -> None:
        if sum(entry.state == "here" for entry in self.model.entries) >= ENOUGH:
            return

        def work(session: Session, *, actor: Actor) -> list[str]:
            known = zip(self.people, self.model.entries, strict=False)  # the model has the new one already
            return [somebody_old(session, self.home, [kin for kin, entry in known if entry.state != "merged"])]

        self.people += self._agree(self.model.comes, {}, work)

    @step(days=[1, 2, 4])
    def days_pass(self, days: int) -> None:
        """Within a month: how it ends is another step."""
        later = self.now + timedelta(days=days)
        if later.month == self.now.month:
            self.now = later
            self._night()

    def _night(self) -> None:
        def work(session: Session, *, actor: Actor) -> None:
            ledger.release_expired_holds(session, actor=actor)
            ledger.apply_limits(session, actor=actor, district_code=make.DISTRICT)

        self._agree(self.model.night, {}, work)

    @step(days_late=range(3))
    def next_month(self, days_late: int) -> None:
        """The month ends: holds run out, its gifts lapse, the new one brings gifts, its books close."""
        first_on = (self.now.date().replace(day=1) + timedelta(days=31)).replace(day=1)
        ended, begun = f"{self.now:%Y-%m}", f"{first_on:%Y-%m}"
        self.now = datetime.combine(first_on, BEGIN.time(), BEGIN.tzinfo) + timedelta(days=3 + days_late)
        self._night()
        place = {"area_code": make.DISTRICT}
        last_day = first_on - timedelta(days=1)
        self._agree(self.model.lapse, {"last_day": last_day}, ledger.lapse_gifts, month=ended, **place)
        self._agree(self.model.give, {"first_day": first_on}, ledger.give_gifts, month=begun, **place)
        with clock.frozen(self.now):
            close_books(ended)
        self.model.close(begun)

    @step()
    def seal(self) -> None:
        def work(session: Session, *, actor: Actor) -> None:
            ledger.seal_new_rows(session)

        self._agree(self.model.seal, {}, work)

    def is_as_the_model_says(self) -> None:
        with reading() as session:
            found = {}
            for name, account in self._named(session).items():
                is_common = name in (POOL, COMMONS)
                minutes = queries.balance_minutes(session, account.id) if is_common else account.balance_minutes
                limits = (account.floor_minutes, account.ceiling_minutes)
                found[name] = (minutes, account.held_minutes, *limits, account.closed_at is None)
        expected = {
            name: (account.minutes, self.model.held(name), account.floor, account.cap, account.is_open)
            for name, account in self.model.accounts.items()
        }
        assert found == expected
        self._name_lines(self.checked)
        self.checked = self.now

    def _named(self, session: Session) -> dict[str, HourAccount]:
        accounts = {}
        for account in session.exec(select(HourAccount)):
            kind = "own" if account.kind == "member" else account.kind.value
            name = f"{kind} {self.people.index(account.person_id)}" if account.person_id else kind
            accounts[name] = account
        return accounts

    def _name_lines(self, since: datetime) -> None:
        """The lines written after an instant are those that the model has not seen a name of yet."""
        with reading() as session:
            names = {account.id: name for name, account in self._named(session).items()}
            rows = list(session.exec(select(Transfer).where(col(Transfer.recorded_at) > since)))
        written = [(facts_of(row, names), row.id) for row in rows]
        new = [line for line in self.model.lines if not line.id]
        assert sorted(facts for facts, _ in written) == sorted(line.facts for line in new)
        for line, (_, name) in zip(sorted(new, key=lambda line: line.facts), sorted(written), strict=True):
            line.id = name


def tell(village: Village, story: Story, forgets: str = "") -> None:
    """Do the steps in a copy of the village; raises where the ledger is not what the model says, or is not sound."""
    with copied(village.original), ids.seeded(2):
        script = Script(village, forgets)
        script.is_as_the_model_says()
        for name, given in story:
            getattr(script, name)(**given)
            script.is_as_the_model_says()
        with clock.frozen(script.now):
            assert_sound()


def any_story(chance: Random, steps: int) -> Story:
    """So many steps by chance."""
    names = [chance.choice(sorted(STEPS)) for _ in range(steps)]
    return [(name, {key: chance.choice(choices) for key, choices in STEPS[name].items()}) for name in names]


def differs(village: Village, story: Story) -> bool:
    """Whether the ledger does not do in a story what the model says."""
    try:
        tell(village, story)
    except Exception:
        return True
    return False


def cut_down(village: Village, story: Story) -> Story:
    """What is left of a story that differs when everything is left out without which it still does."""
    size = len(story)
    while size := size // 2:
        for start in range(len(story) - size, -1, -size):
            shorter = story[:start] + story[start + size :]
            if differs(village, shorter):
                story = shorter
    return story


def facts_of(row: Transfer, names: dict[str, str]) -> tuple[str, str, int, str, str, tuple[str, ...]]:
    """A line of the book in the model's words."""
    sides = names[row.debit_account_id], names[row.credit_account_id]
    return *sides, row.minutes, row.reason.value, row.book_month, tuple(sorted(row.policy_version.split("+")))
