"""C8: a small county lived day by day in one process, with a fake clock, lossy phones, crashes and mistakes of staff.

Size n: 12 elders and 12 helpers in two townships, November 2026, one seed on each database; the replay on SQLite.
`--size R`: 60 elders and 60 helpers (reliability.md: 60 and 20, 90 days, 2,000 seeds; `--seed` moves the seed). What
the software says at the end is compared with a reckoning that the script keeps by hand: hours, the visiting rate, the
month of home-care beds, the three indicators of mutual help and the elders who are paired.
"""

import shutil
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from tests import factories as make
from tests.campaigns.conftest import Scale
from tests.campaigns.county import County
from tests.campaigns.county_beds import Beds
from tests.campaigns.county_help import MutualHelp
from tests.campaigns.ground import assert_sound, told
from tests.fixtures.databases import TEST_KEY, migrated_file
from tests.statements import books
from tests.visits.world import at
from timebank.beds import rules as bed_rules
from timebank.core import clock, crypto, db, ids
from timebank.core.actors import SYSTEM
from timebank.ledger.models import HourAccount, Reason, Transfer
from timebank.mutual import queries as mutual_queries
from timebank.mutual.models import GroupMember, Pairing
from timebank.statements.operations import close_month
from timebank.visiting.queries import visiting_rate
from timebank.visits import rules

AFTERWARDS = at(date(2026, 12, 8), 12 * 60)


@dataclass(frozen=True)
class Month:
    """A county after its November, which is closed, with what stood beside its visits."""

    county: County
    beds: Beds
    help: MutualHelp


def lived(seed: int, elders: int) -> Month:
    with ids.seeded(seed):
        county = County(seed=seed, elders=elders)
        month = Month(county, Beds(county), MutualHelp(county))
        county.live(30, beside=[month.beds.morning, month.help.morning])
        with clock.frozen(AFTERWARDS), db.transaction() as session:
            close_month(session, actor=SYSTEM, district_code=make.DISTRICT, month="2026-11")
    return month


def told_of_care(month: Month) -> dict[str, Any]:
    """What the software says of beds and of mutual help when the month is over."""
    with clock.frozen(AFTERWARDS), db.reading() as session:
        beds, areas = month.beds.told(session), month.beds.areas_told(session)
        return {"beds": beds, "beds by township": areas, "mutual help": month.help.told(session)}


def by_person(session: Session, reason: Reason, account: Any) -> Counter[str]:
    """Minutes that the ledger moved for a reason, by whose account one side is."""
    found = select(HourAccount.person_id, Transfer.minutes).where(account == HourAccount.id, Transfer.reason == reason)
    total: Counter[str] = Counter()
    for person_id, minutes in session.exec(found):
        total[str(person_id)] += minutes
    return total


def differences(month: Month) -> list[str]:
    """Where the books say something else than the reckoning."""
    county, reckoned = month.county, month.county.reckoned
    with db.reading() as session:
        found: dict[str, tuple[Any, Any]] = {
            "earned": (by_person(session, Reason.EARN, Transfer.credit_account_id), +reckoned.earned),
            "drawn": (by_person(session, Reason.REDEEM, Transfer.debit_account_id), +reckoned.drawn),
        }
        for township, side in county.sides.items():
            (rate,) = visiting_rate(session, township, "2026-11", level_digits=9)
            by_hand = (len(side.elders), len(reckoned.reached[township]))
            found[f"visiting rate {township}"] = ((rate.registered, rate.visited), by_hand)
    return care_differences(month) + [
        f"{what}: {ours} instead of {theirs}" for what, (ours, theirs) in found.items() if ours != theirs
    ]


def care_differences(month: Month) -> list[str]:
    """The same for beds and mutual help."""
    by_hand: dict[str, dict[Any, Any]] = {
        "beds": month.beds.by_hand(),
        "beds by township": month.beds.areas_by_hand(),
        "mutual help": month.help.by_hand(),
    }
    found = told_of_care(month)
    return [
        f"{what} {key}: {found[what].get(key)} instead of {theirs.get(key)}"
        for what, theirs in by_hand.items()
        for key in {**theirs, **found[what]}
        if found[what].get(key) != theirs.get(key)
    ]


def test_a_month_adds_up_as_reckoned_by_hand(database: sa.Engine, seed: int, scale: Scale) -> None:
    month = lived(seed, scale(12, 60))
    assert differences(month) == []
    assert_sound()
    with db.reading() as session:
        assert books.faults(session) == []
    assert {bed["short"] for bed in month.beds.by_hand().values()} == {True, False}  # the alert had both to say
    assert any(bed["paid"][0] for bed in month.beds.by_hand().values())
    happened = month.county.reckoned.happened
    wanted = {"phone dark", "nobody home", "died before commit", "mistake refused", "asked for help", "rejected"}
    assert wanted <= set(+happened)
    told("C8", seed=seed, **{key.replace(" ", "_"): number for key, number in happened.items()})


def test_control_an_office_that_pays_every_minute_is_caught(
    database: sa.Engine, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Must fail: minutes are not rounded down."""
    monkeypatch.setattr(rules, "round_down", lambda minutes, _step: minutes)
    assert any(told.startswith("earned") for told in differences(lived(seed, 6)))


def stay_minutes(stay: bed_rules.Stay) -> int:
    """A whole stay, whatever was planned."""
    return int((stay.left_at - stay.came_at).total_seconds()) // 60 if stay.left_at else stay.credited_minutes


def test_control_figures_that_bend_a_rule_are_caught(
    database: sa.Engine, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Must fail: paid visits and hours are mixed, a bed that rests is counted, a stay counts beyond its plan, a pair
    that ended goes on, who left a group still belongs to it."""
    month = lived(seed, 6)
    assert care_differences(month) == []
    mixed, every_day = bed_rules.Delivered.with_visit, bed_rules.active_days
    bent: list[tuple[Any, str, Any, str]] = [
        (bed_rules.Delivered, "with_visit", lambda got, minutes, **_: mixed(got, minutes, is_paid=False), "beds"),
        (bed_rules, "active_days", lambda steps, *span: every_day(steps[:5], *span), "beds"),
        (bed_rules.Stay, "counted_minutes", lambda stay, **_: stay_minutes(stay), "beds"),
        (mutual_queries, "_paired", lambda on: Pairing.starts_on <= on, "mutual help"),
        (mutual_queries, "_belongs", lambda on: GroupMember.joined_on <= on, "mutual help"),
    ]
    for where, name, rule, shows_in in bent:
        with monkeypatch.context() as patched:
            patched.setattr(where, name, rule)
            assert any(told.startswith(shows_in) for told in care_differences(month)), name


def test_the_same_seed_lives_the_same_county(seed: int, tmp_path: Path) -> None:
    """Every row of the ledger, with its id, its instant and its digest, comes again, and so do the figures of beds and
    of mutual help; another seed's do not."""
    crypto.use(crypto.Vault(TEST_KEY))
    crypto.use_signer(crypto.Signer(TEST_KEY))
    books_of, care_of = [], []
    for number, chosen in enumerate((seed, seed, seed + 1)):
        path = tmp_path / f"again-{number}.sqlite3"
        shutil.copyfile(migrated_file(), path)
        engine = db.make_engine(f"sqlite:///{path}")
        db.use(engine)
        month = lived(chosen, 4)
        care_of.append(told_of_care(month))
        with db.reading() as session:
            books_of.append(list(session.exec(select(Transfer.id, Transfer.digest).order_by(Transfer.id))))
        engine.dispose()
    assert books_of[0] == books_of[1] != books_of[2]
    assert books_of[0]
    assert care_of[0] == care_of[1] != care_of[2]
    assert all(care_of[0].values())
