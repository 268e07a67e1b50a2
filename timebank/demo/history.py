"""The months before today: visits that took place, hours in the ledger, months closed, the last days half settled."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from sqlmodel import Session, col, select

from timebank.careplans.models import CareItem, CarePlan, ServiceKind
from timebank.careplans.rules import due_dates
from timebank.core import clock, ids, months
from timebank.core.actors import SYSTEM
from timebank.demo.people import Population
from timebank.demo.rows import Row, Rows
from timebank.ledger import operations as ledger
from timebank.ledger.models import AccountKind, HourAccount, Reason
from timebank.ledger.queries import pool_of
from timebank.ledger.rules import Posting
from timebank.people.models import Kinship
from timebank.policies.queries import in_force
from timebank.statements.operations import close_month
from timebank.visits.models import CarerState, Confirmation, EvidenceGrade, Visit, VisitCarer, VisitState

_BATCH = 1_000
_STEP, _MOST_PASSED = 15, 120  # minutes
_TAKES_PLACE = 0.55  # share of what the plans ask for; the county has fewer hands than wishes


@dataclass(frozen=True)
class Span:
    """Days of one month that are lived through."""

    first_on: date
    last_on: date

    @property
    def month(self) -> str:
        """The month of these days."""
        return months.of_date(self.first_on)


def live_through(
    session: Session, random: Random, population: Population, spans: Sequence[Span], *, district_code: str
) -> None:
    """Let past months happen in the order of the calendar: gifts on the first, the month before closed on the fifth.

    A month whose fifth is not over the day before yesterday stays open: what the demo tells of yesterday comes after
    every close, as the log demands.
    """
    for before, span in zip([None, *spans], spans, strict=False):
        with clock.frozen(clock.at_local(span.first_on, 9 * 60)):
            ledger.give_gifts(session, actor=SYSTEM, area_code=district_code, month=span.month)
        if before:
            _close(session, district_code, before.month)
        done = _visits(random, population, span)
        with clock.frozen(clock.at_local(span.last_on, 20 * 60)):
            done.write(session, (Visit, VisitCarer, Confirmation))
            _credit(session, done, district_code, span.last_on)
            _pass_on(session, population, district_code)


def closing_day(month: str) -> date:
    """The day on which the demo closes a month."""
    return months.last_day(month) + timedelta(days=5)


def _close(session: Session, district_code: str, month: str) -> None:
    on = closing_day(month)
    if on < clock.today() - timedelta(days=1):
        with clock.frozen(clock.at_local(on, 12 * 60)):
            close_month(session, actor=SYSTEM, district_code=district_code, month=month)


def _visits(random: Random, population: Population, span: Span) -> Rows:
    """What the care plans asked for, done by volunteers of the elder's village, the usual face first."""
    elders = {elder.id: elder for elder in population.elders}
    plans = {plan.id: plan for plan in population.of(CarePlan)}
    helpers = _helpers(population.volunteers)
    done = Rows()
    for item in population.of(CareItem):
        elder, plan = elders[plans[item.care_plan_id].elder_id], plans[item.care_plan_id]
        crew = helpers[elder.area_code[:12]]
        if len(crew) < item.crew_size or item.service == ServiceKind.MEAL:
            continue
        first_on = max(span.first_on, plan.starts_on)
        for on in due_dates(item.recurrence, starts_on=plan.starts_on, first_on=first_on, last_on=span.last_on):
            if random.random() < _TAKES_PLACE:
                usual = sum(map(ord, elder.id)) + (random.random() < 0.2)
                team = [crew[(usual + seat) % len(crew)] for seat in range(item.crew_size)]
                _add_visit(random, done, item, elder, on, team)
    return done


def _helpers(volunteers: Sequence[Row]) -> Mapping[str, list[Row]]:
    by_village: dict[str, list[Row]] = defaultdict(list)
    for volunteer in volunteers:
        by_village[volunteer.area_code[:12]].append(volunteer)
    return by_village


def _add_visit(random: Random, done: Rows, item: Row, elder: Row, on: date, team: Sequence[Row]) -> None:
    starts_minute = item.window_from_minute + 5 * random.randrange(12)
    starts = clock.at_local(on, starts_minute)
    visit = done.add(
        Visit,
        id=ids.new_id("vis"),
        elder_id=elder.id,
        area_code=elder.area_code,
        household_code=elder.household_code,
        service=item.service,
        state=VisitState.SETTLED,
        care_item_id=item.id,
        due_on=on,
        window_from_minute=item.window_from_minute,
        window_to_minute=item.window_to_minute,
        duration_minutes=item.duration_minutes,
        crew_size=item.crew_size,
        tier=elder.tier.value,
        grade=EvidenceGrade.A,
        created_at=starts,
    )
    for person in team:
        done.add(
            VisitCarer,
            id=ids.new_id("vca"),
            visit_id=visit.id,
            person_id=person.id,
            state=CarerState.ACCEPTED,
            starts_minute=starts_minute,
            checked_in_at=starts,
            checked_out_at=starts + timedelta(minutes=item.duration_minutes),
            credited_minutes=item.duration_minutes - item.duration_minutes % 15,
        )
    done.add(
        Confirmation,
        id=ids.new_id("cfm"),
        visit_id=visit.id,
        by_user_id="usr_history",
        method="call_back",
        happy=3,
        at=clock.at_local(on, item.window_to_minute),
    )


def _credit(session: Session, done: Rows, district_code: str, on: date) -> None:
    """Post what each carer earned and each elder drew, in batches, with every check of the ledger."""
    accounts = _accounts(session)
    pool, version = pool_of(session, district_code).id, in_force(session, district_code, on).version
    visits = {visit.id: visit for visit in done.of(Visit)}
    postings = [
        Posting(
            key=f"earn:{carer.visit_id}:{carer.person_id}",
            debit_account_id=pool,
            credit_account_id=accounts[carer.person_id, AccountKind.MEMBER].id,
            minutes=carer.credited_minutes,
            reason=Reason.EARN,
            source_id=carer.visit_id,
            event_at=carer.checked_in_at,
            policy_version=version,
            area_code=visits[carer.visit_id].area_code,
        )
        for carer in done.of(VisitCarer)
    ]
    postings += _draws(list(visits.values()), accounts, pool, version)
    for start in range(0, len(postings), _BATCH):
        ledger.post_batch(session, actor=SYSTEM, postings=postings[start : start + _BATCH])


_Accounts = Mapping[tuple[str | None, AccountKind], HourAccount]


def _accounts(session: Session) -> _Accounts:
    """Everybody's accounts by person and kind, as the ledger has them now."""
    found = select(HourAccount).where(col(HourAccount.person_id).is_not(None))
    fresh = session.exec(found.execution_options(populate_existing=True))
    return {(account.person_id, account.kind): account for account in fresh}


def _pass_on(session: Session, population: Population, district_code: str) -> None:
    """Sons and daughters pass half of what they saved on to a parent who gets help: an hour or two a month."""
    accounts = _accounts(session)
    version = in_force(session, district_code, clock.today()).version
    postings = []
    for kinship in population.of(Kinship):
        own = accounts[kinship.person_id, AccountKind.MEMBER]
        minutes = min(_MOST_PASSED, own.balance_minutes // 2)
        if kinship.relation == "parent" and minutes >= _STEP:
            posting = Posting(
                key=f"kin:{kinship.id}:{clock.today()}",
                debit_account_id=own.id,
                credit_account_id=accounts[kinship.kin_id, AccountKind.MEMBER].id,
                minutes=minutes - minutes % _STEP,
                reason=Reason.TRANSFER,
                source_id=kinship.kin_id,
                event_at=clock.now(),
                policy_version=version,
                area_code=own.area_code,
            )
            postings.append(posting)
    ledger.post_batch(session, actor=SYSTEM, postings=postings)


def _draws(visits: Sequence[Row], accounts: _Accounts, pool: str, version: str) -> list[Posting]:
    """What elders drew for their visits in the order of the days: the gift of the month first, then their own hours."""
    left = {account.id: account.balance_minutes - account.held_minutes for account in accounts.values()}
    drawn = []
    for visit in sorted(visits, key=lambda visit: (visit.due_on, visit.id)):
        wanted = visit.duration_minutes - visit.duration_minutes % 15
        for kind in (AccountKind.GIFT, AccountKind.MEMBER):
            account = accounts.get((visit.elder_id, kind))
            minutes = min(wanted, left[account.id]) if account else 0
            if account is None or minutes <= 0:
                continue
            wanted -= minutes
            left[account.id] -= minutes
            drawn.append(
                Posting(
                    key=f"redeem:{visit.id}:{kind.value}",
                    debit_account_id=account.id,
                    credit_account_id=pool,
                    minutes=minutes,
                    reason=Reason.REDEEM,
                    source_id=visit.id,
                    event_at=clock.at_local(visit.due_on, visit.window_to_minute),
                    policy_version=version,
                    area_code=visit.area_code,
                )
            )
    return drawn
