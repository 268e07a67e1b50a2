"""What campaign C4 holds against the ledger: hours reckoned in plain dictionaries by the rules as they are written.

Sources: field guide §2.2, the glossary, and what the operations promise. Nothing of the product is used here.
"""

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

POOL, COMMONS = "pool", "commons"
DISTRICT, TOWNSHIP = "district", "township"
HOLD = timedelta(hours=72)
DEFAULTS: dict[str, Any] = {
    "balance.cap_minutes": 90_000,
    "balance.floor_minutes": 0,
    "transfer.max_minutes_per_year": 18_000,
    "gift.monthly_minutes": 180,
    "group.hours_mode": "donation_only",
    "pool.backed_minutes": 6_000_000,
}


class Hindered(Exception):
    """A step cannot be done; the codes of the refusals that are right."""

    def __init__(self, *codes: str) -> None:
        super().__init__(*codes)
        self.codes = set(codes)


@dataclass
class Account:
    """Minutes, and how far they may go; None: no limit."""

    floor: int | None
    cap: int | None
    minutes: int = 0
    is_open: bool = True


@dataclass
class Entry:
    """Somebody as the register has them."""

    state: str = "here"  # here, dead, merged
    died_on: date | None = None
    is_settled: bool = False  # the hours of the dead were passed on
    kept: int | None = None  # of a merged entry: the one it was joined to


@dataclass
class Promise:
    """Minutes set aside for help that was asked for: so many of the gift, so many of one's own."""

    who: int
    until: datetime
    gift: int
    own: int


@dataclass
class Line:
    """A line that must stand in the book."""

    debit: str
    credit: str
    minutes: int
    reason: str
    on: date
    book_month: str
    rules: frozenset[str]  # the decisions that were in force
    over: "Line | None" = None  # what went above the cap with it
    is_back: bool = False
    id: str = ""  # as the product named it

    @property
    def facts(self) -> tuple[str, str, int, str, str, tuple[str, ...]]:
        """What the product must have written, to be compared and sorted."""
        return self.debit, self.credit, self.minutes, self.reason, self.book_month, tuple(sorted(self.rules))


@dataclass
class Decision:
    """What the district or the township decided, from a day on."""

    id: str
    place: str
    starts_on: date
    changes: Mapping[str, Any]


@dataclass
class Model:
    """All there is to know. Every step either changes it or raises `Hindered`; `expected` leaves it whole then.

    `forgets` names one rule that a control leaves out.
    """

    now: datetime
    forgets: str = ""
    entries: list[Entry] = field(default_factory=list)
    accounts: dict[str, Account] = field(default_factory=dict)
    promises: dict[str, Promise] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    open_month: str = ""
    pool_at_seal: int = 0

    def __post_init__(self) -> None:
        self.accounts = {POOL: Account(-self.rule("pool.backed_minutes"), None), COMMONS: Account(0, None)}

    @property
    def today(self) -> date:
        return self.now.date()

    def expected(self, step: Callable[..., None], **given: Any) -> set[str]:
        """Do a step; nothing where it was done, else the refusals that are right, and all is as before."""
        before, lines = copy.deepcopy((self.entries, self.accounts, self.promises)), len(self.lines)
        try:
            step(**given)
        except Hindered as hindered:
            self.entries, self.accounts, self.promises = before
            del self.lines[lines:]
            return hindered.codes
        return set()

    # Rules: the defaults, then what the district decided, then what the township did; later days before earlier ones.

    def _in_force(self, on: date | None) -> Iterator[Decision]:
        begun = [decision for decision in self.decisions if decision.starts_on <= (on or self.today)]
        begun.sort(key=lambda decision: decision.starts_on)
        for place in (DISTRICT, TOWNSHIP):
            yield from (decision for decision in begun if decision.place == place)

    def rule(self, key: str, on: date | None = None) -> Any:
        """The value of a rule on a day, today if none is given."""
        value = DEFAULTS[key]
        for decision in self._in_force(on):
            value = decision.changes.get(key, value)
        return value

    def rules_named(self, on: date | None = None) -> frozenset[str]:
        """What a line says about its rules: the last decision of each place."""
        last = {decision.place: decision.id for decision in self._in_force(on)}
        return frozenset(last.values() or ["pol_defaults"])

    def decide(self, decision: Decision) -> None:
        """The township has no say in the fund."""
        if decision.place == TOWNSHIP and any(key.startswith("pool.") for key in decision.changes):
            raise Hindered("policies.district_decides")
        if self.forgets != "decisions":
            self.decisions.append(decision)

    def night(self) -> None:
        """What waited too long is free, limits follow the rules; who is beyond a new limit keeps what they have."""
        for source in [source for source, promise in self.promises.items() if promise.until <= self.now]:
            del self.promises[source]
        pool = self.accounts[POOL]
        pool.floor = min(-self.rule("pool.backed_minutes"), pool.minutes, self.pool_at_seal)
        for name, account in self.accounts.items():
            if name.startswith("own"):
                account.floor = min(self.rule("balance.floor_minutes"), self.free(name))
                account.cap = max(self.rule("balance.cap_minutes"), account.minutes)

    def seal(self) -> None:
        """What the pool has is counted."""
        self.pool_at_seal = self.accounts[POOL].minutes

    # Accounts and lines.

    def own(self, who: int) -> str:
        """The name of somebody's account, opened on first need with the limits of today."""
        name = f"own {who}"
        limits = self.rule("balance.floor_minutes"), self.rule("balance.cap_minutes")
        self.accounts.setdefault(name, Account(*limits))
        return name

    def held(self, name: str) -> int:
        """Minutes of an account that are set aside."""
        kind, _, who = name.partition(" ")
        mine = [promise for promise in self.promises.values() if str(promise.who) == who]
        return sum(promise.gift if kind == "gift" else promise.own for promise in mine)

    def free(self, name: str) -> int:
        """What can be drawn or promised, were the floor zero."""
        return self.accounts[name].minutes - self.held(name)

    def flow(
        self, debit: str, credit: str, minutes: int, reason: str, on: date, rules: frozenset[str] | None = None
    ) -> Line:
        """Minutes go from one account to another, for something of a day; booked in a month that is open."""
        giver, taker = self.accounts[debit], self.accounts[credit]
        if not (giver.is_open and taker.is_open):
            raise Hindered("ledger.account_closed")
        if giver.floor is not None and self.free(debit) - minutes < giver.floor:
            raise Hindered("ledger.fund_too_small" if debit == POOL else "ledger.floor_reached")
        if taker.cap is not None and taker.minutes + minutes > taker.cap:
            raise Hindered("ledger.ceiling_reached")
        giver.minutes -= minutes
        taker.minutes += minutes
        named = self.rules_named() if rules is None else rules
        line = Line(debit, credit, minutes, reason, on, max(f"{on:%Y-%m}", self.open_month), named)
        self.lines.append(line)
        return line

    def credit(self, who: int, minutes: int, reason: str, on: date, debit: str, rules: frozenset[str]) -> None:
        """What fits under the cap to a member, the rest to the commons."""
        own = self.accounts[self.own(who)]
        kept = max(0, min(minutes, (own.cap or 0) - own.minutes))
        first = self.flow(debit, f"own {who}", kept, reason, on, rules) if kept else None
        if minutes > kept and self.forgets != "overflow":
            over = self.flow(debit, COMMONS, minutes - kept, "overflow", on)
            if first:
                first.over = over

    # Who is registered.

    def comes(self) -> None:
        """Somebody is registered; an account is opened on first need."""
        self.entries.append(Entry())

    def refuse_gone(self, who: int, on: date | None = None) -> None:
        """What somebody did up to the day of death still counts; a merged entry takes nothing any more."""
        entry = self.entries[who]
        if entry.state == "merged":
            raise Hindered("ledger.person_merged")
        if entry.state == "dead" and (on is None or entry.died_on is None or on > entry.died_on):
            raise Hindered("ledger.person_dead")

    def kin(self, who: int) -> None:
        """All are kin of each other; kinship goes to the entry that is kept."""
        if self.entries[who].state == "merged":
            raise Hindered("ledger.not_kin")
        self.refuse_gone(who)

    def _account_needed(self, who: int) -> str:
        if f"own {who}" not in self.accounts:
            raise Hindered("ledger.no_such_account")
        return f"own {who}"

    # What happens.

    def earn(self, who: int, minutes: int, on: date) -> None:
        """Help counts by the rules of its day, up to the cap of today."""
        self.refuse_gone(who, on)
        self.credit(who, minutes, "earn", on, POOL, self.rules_named(on))

    def meet(self, minutes: Mapping[int, int], on: date) -> None:
        """A session of a group: to the commons, or to each helper where the rules of its day say so."""
        codes: set[str] = set()
        for who, part in minutes.items():
            try:
                self.refuse_gone(who, on)
                if self.rule("group.hours_mode", on) == "personal":
                    self.credit(who, part, "group_session", on, POOL, self.rules_named(on))
                else:
                    self.flow(POOL, COMMONS, part, "group_session", on, self.rules_named(on))
            except Hindered as hindered:
                codes |= hindered.codes
        if codes:
            raise Hindered(*codes)

    def donate(self, who: int, minutes: int) -> None:
        """Own hours to the commons."""
        own = self._account_needed(who)
        self.refuse_gone(who)
        self.flow(own, COMMONS, minutes, "donation", self.today)

    def pass_on(self, who: int, kin: int, minutes: int) -> None:
        """Own hours to kin, so many in a year by member, under whatever entry they were passed on."""
        own = self._account_needed(who)
        self.refuse_gone(who)
        self.kin(kin)
        passed = sum(line.minutes for line in self.lines if self._counts_for_year(line, who))
        if passed + minutes > self.rule("transfer.max_minutes_per_year"):
            raise Hindered("ledger.year_limit")
        self.flow(own, self.own(kin), minutes, "transfer", self.today)

    def _counts_for_year(self, line: Line, who: int) -> bool:
        if line.reason != "transfer" or line.is_back or line.on.year != self.today.year:
            return False
        giver = int(line.debit.split()[1])
        while (kept := self.entries[giver].kept) is not None:
            giver = kept
        return giver == who

    def promise(self, who: int, minutes: int, source: str) -> None:
        """Help is asked for: the gift first, then one's own."""
        self.refuse_gone(who)
        gift = self.accounts.get(f"gift {who}")
        from_gift = min(minutes, self.free(f"gift {who}")) if gift and gift.is_open else 0
        rest = minutes - from_gift
        if rest and self.free(self.own(who)) - rest < (self.accounts[f"own {who}"].floor or 0):
            raise Hindered("ledger.floor_reached")
        self.promises[source] = Promise(who, self.now + HOLD, from_gift, rest)

    def help(self, source: str, minutes: int, on: date) -> None:
        """The visit took place: at most what was promised, the gift first; 0: it did not, and all is free."""
        if source not in self.promises:
            raise Hindered("ledger.hold_is_over")
        promise = self.promises.pop(source)
        from_gift = min(minutes, promise.gift)
        from_own = min(minutes - from_gift, promise.own)
        for name, part in ((f"gift {promise.who}", from_gift), (f"own {promise.who}", from_own)):
            if part:
                self.flow(name, POOL, part, "redeem", on, self.rules_named(on))

    def take_back(self, line: Line) -> None:
        """The opposite line, once; what went above the cap with it goes back too."""
        if line.reason == "reversal":
            raise Hindered("ledger.reversal_is_final")
        if line.is_back:
            raise Hindered("ledger.reversed_already")
        both = [one for one in (line, line.over) if one and not one.is_back]
        for one in both:
            self.flow(one.credit, one.debit, one.minutes, "reversal", self.today, one.rules)
        for one in both:
            one.is_back = True

    def correct(self, who: int, minutes: int) -> None:
        """An entry of the office; never of an entry that was merged."""
        own = self._account_needed(who)
        if self.entries[who].state == "merged":
            raise Hindered("ledger.person_merged")
        debit, credit = (POOL, own) if minutes > 0 else (own, POOL)
        self.flow(debit, credit, abs(minutes), "adjustment", self.today)

    # Ends.

    def dies(self, who: int, on: date) -> None:
        """Nothing moves yet."""
        self._refuse_left(who)
        self.entries[who].state, self.entries[who].died_on = "dead", on

    def _refuse_left(self, *people: int) -> None:
        if any(self.entries[who].state != "here" for who in people):
            raise Hindered("people.state_is_final")

    def settle(self, who: int, heir: int | None) -> None:
        """Hours of the dead go to an heir up to the cap, else to the commons, which also give what was owed."""
        entry = self.entries[who]
        if entry.state != "dead" or entry.is_settled:
            raise Hindered("people.another_step")
        if f"own {who}" in self.accounts and heir is not None:
            self.kin(heir)
            self.own(heir)
        self._wind_up(who, heir, COMMONS, "estate")
        entry.is_settled = True

    def lives(self, who: int) -> None:
        """The death was a mistake: accounts are used again, what was passed on stays where it is."""
        entry = self.entries[who]
        if entry.state != "dead":
            raise Hindered("people.another_step")
        self.entries[who] = Entry()
        for name in (f"own {who}", f"gift {who}"):
            if name in self.accounts:
                self.accounts[name].is_open = True

    def join(self, who: int, kept: int) -> None:
        """Two entries were one person: hours and what is owed go to the one that is kept, and so do promises."""
        self._refuse_left(who, kept)
        promised = {source: promise for source, promise in self.promises.items() if promise.who == who}
        giver = self.own(kept)
        self._wind_up(who, kept, giver, "adjustment")
        self.entries[who].state, self.entries[who].kept = "merged", kept
        for source in sorted(promised):
            minutes = promised[source].gift + promised[source].own
            self.expected(self.promise, who=kept, minutes=minutes, source=source)  # what is not there is not held

    def _wind_up(self, who: int, heir: int | None, giver: str, reason: str) -> None:
        """Free what is held, bring both accounts to zero and close them; the gift goes back to the pool."""
        self.promises = {source: promise for source, promise in self.promises.items() if promise.who != who}
        own, gift = (self.accounts.get(f"{kind} {who}") for kind in ("own", "gift"))
        if own and own.minutes < 0:
            self._pay_what_is_owed(giver, f"own {who}", -own.minutes, reason)
        elif own and own.minutes and heir is not None:
            self.credit(heir, own.minutes, reason, self.today, f"own {who}", self.rules_named())
        elif own and own.minutes:
            self.flow(f"own {who}", COMMONS, own.minutes, reason, self.today)
        if gift and gift.minutes and self.forgets != "gifts that end":
            self.flow(f"gift {who}", POOL, gift.minutes, "gift_lapse", self.today)
        for account in (own, gift):
            if account:
                account.is_open = False

    def _pay_what_is_owed(self, giver: str, owing: str, minutes: int, reason: str) -> None:
        try:
            self.flow(giver, owing, minutes, reason, self.today)
        except Hindered as hindered:
            is_short = hindered.codes == {"ledger.floor_reached"}
            raise Hindered("ledger.owes_at_end") if is_short else hindered from None

    # Months.

    def lapse(self, last_day: date) -> None:
        """What of the month's gift was neither used nor promised goes back."""
        for who in range(len(self.entries)):
            name = f"gift {who}"
            if name in self.accounts and self.accounts[name].is_open and self.free(name) > 0:
                self.flow(name, POOL, self.free(name), "gift_lapse", last_day, self.rules_named(last_day))

    def give(self, first_day: date) -> None:
        """The month's gift by the rules of its first day; to everybody, or to nobody where the fund does not reach."""
        minutes = self.rule("gift.monthly_minutes", first_day)
        for who, entry in enumerate(self.entries):
            if entry.state == "here" and minutes:
                self.accounts.setdefault(f"gift {who}", Account(0, None))
                self.flow(POOL, f"gift {who}", minutes, "gift", first_day, self.rules_named(first_day))

    def close(self, following: str) -> None:
        """From now on, what happened in the closed months is booked in the next."""
        self.open_month = following
