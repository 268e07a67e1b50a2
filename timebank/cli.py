"""What the office's machine does from a terminal: migrate, serve, add a login, verify the ledger, show the demo."""

import argparse
import gc
import logging
import shutil
import sys
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlmodel import Session
from waitress import serve as serve_wsgi

from timebank import config, jobs
from timebank.app import create_app, travel_source
from timebank.areas.models import Area, AreaKind
from timebank.areas.queries import areas_within
from timebank.auth import operations as auth
from timebank.core import clock, crypto, db, i18n, ids
from timebank.core.actors import SYSTEM, Role
from timebank.core.errors import TimebankError
from timebank.dayplans.nightly import Installation, plan_townships
from timebank.demo import operations as demo_operations
from timebank.ledger.ddl import rights_of_application
from timebank.ledger.operations import export_seals, open_common_accounts, seal_new_rows
from timebank.ledger.verify import verify
from timebank.statements.batches import print_all, print_files
from timebank.statements.operations import close_month
from timebank.statements.verify import check_statements
from timebank.visits.queries import visits_on

_ROOT = Path(__file__).resolve().parent.parent


def say(text: str) -> None:
    """One line of progress, at once."""
    print(text, flush=True)


def migrate(settings: config.Settings) -> None:
    """Bring the installation's database to the newest schema; nothing to do is fine."""
    found = Config(str(_ROOT / "alembic.ini"))
    found.set_main_option("sqlalchemy.url", settings.database.replace("%", "%%"))
    command.upgrade(found, "head")


def open_installation(**given: object) -> config.Settings:
    """Settings, keys and a migrated database, ready for operations outside a request."""
    settings = config.load(**given)
    migrate(settings)
    crypto.use(crypto.Vault(settings.field_key))
    crypto.use_signer(crypto.Signer(settings.seal_key))
    db.use(db.make_engine(settings.database))
    return settings


def run_migrate(_: argparse.Namespace) -> int:
    """Migrate and say so."""
    settings = config.load()
    migrate(settings)
    say("The database is up to date.")
    return 0


def run_serve(options: argparse.Namespace) -> int:
    """Serve the pages until stopped."""
    settings = open_installation()
    _serve(settings, options.port)
    return 0


HANDOVER_SECONDS = 0.0005
"""How long a thread that computes keeps the others waiting. A drop on the board asks the database some twenty times
while the offers of all carers are computed beside it; with Python's 5 ms for each turn it took a third longer."""


def prepare_to_serve() -> None:
    """Threads take turns often; the collector passes over what a start leaves behind, which would take it 0.3 s."""
    sys.setswitchinterval(HANDOVER_SECONDS)
    gc.collect()
    gc.freeze()


def _serve(settings: config.Settings, port: int) -> None:
    say(f"Serving on http://127.0.0.1:{port}  (stop with Ctrl+C)")
    app = create_app(settings)
    prepare_to_serve()
    serve_wsgi(app, host="127.0.0.1", port=port, **serving_options(settings))


def serving_options(settings: config.Settings) -> dict[str, Any]:
    """How the pages are served. What a proxy says of the caller goes through where proxies are trusted: the application
    reads as many hops of it as the setting says, and nothing where there is none."""
    return {"threads": 8, "ident": None, "clear_untrusted_proxy_headers": settings.trusted_proxies == 0}


def run_user(options: argparse.Namespace) -> int:
    """Make a login with one role in an area; prints its random password once."""
    settings = open_installation()
    secret = ids.new_secret(9)
    with db.transaction() as session:
        if session.get(Area, settings.district_code) is None:
            _first_district(session, settings)
        user = auth.create_user(
            session, actor=SYSTEM, login_name=options.name, secret=secret, display_name=options.name
        )
        area_code = options.area or settings.district_code
        auth.give_role(session, actor=SYSTEM, user_id=user.id, role=Role(options.role), area_code=area_code)
    say(f"{options.name}  {secret}   (shown once: change it after the first sign-in)")
    return 0


def _first_district(session: Session, settings: config.Settings) -> None:
    code = settings.district_code
    session.add(Area(code=code, kind=AreaKind.DISTRICT, lat=0.0, lon=0.0, name_zh=code, name_en=code))
    session.flush()
    open_common_accounts(session, actor=SYSTEM, district_code=code)


def run_ledger(options: argparse.Namespace) -> int:
    """Check the whole ledger (verify: exit 1 and the first bad row first), seal it now, or show a role's rights."""
    settings = open_installation()
    if options.what == "rights":
        for statement in rights_of_application(options.role):
            say(f"{statement};")
        return 0
    if options.what == "seal":
        with db.transaction() as session:
            seal_new_rows(session, reason="by hand", complete=True)
        keep_seals(settings)
    return _verify(settings)


def keep_seals(settings: config.Settings) -> None:
    """Write the seals that are only in the database to the file outside it."""
    with db.reading() as session:
        export_seals(session, settings.data_dir / "seals")


def _verify(settings: config.Settings) -> int:
    with db.reading() as session:
        found = verify(session, seals_folder=settings.data_dir / "seals", also=[check_statements])
    for subject, text in found.problems:
        say(f"{subject}: {text}")
    say(f"{found.rows} rows checked: {'sound' if not found.problems else 'NOT SOUND'}")
    return 1 if found.problems else 0


def run_jobs(_: argparse.Namespace) -> int:
    """Seal, free holds, give the month's gifts and close months when they are due, until stopped."""
    settings = open_installation()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    say("Doing what is due, every minute  (stop with Ctrl+C)")
    jobs.run(settings)
    return 0


def run_close(options: argparse.Namespace) -> int:
    """Close a month now, in order; closing it twice is refused."""
    settings = open_installation()
    with db.transaction() as session:
        run = close_month(session, actor=SYSTEM, district_code=settings.district_code, month=options.month)
    keep_seals(settings)
    say(f"{run.month} is closed: {run.statements} statements, {len(run.carried_over)} visits carried over")
    say(f"root {run.root}")
    return 0


def run_plan(options: argparse.Namespace) -> int:
    """Plan a day in every township of an area that has visits then."""
    settings = open_installation()
    on = date.fromisoformat(options.on) if options.on else clock.today() + timedelta(days=1)
    with db.reading() as session:
        found = areas_within(session, options.area or settings.district_code, AreaKind.TOWNSHIP)
        townships = {area.code: area.name_zh for area in found if visits_on(session, area.code, on)}
    return _plan(settings, townships, on, seconds=options.seconds)


def _plan(settings: config.Settings, townships: dict[str, str], on: date, *, seconds: int | None) -> int:
    """Plan a day in some townships, saying what became of each; 1 where one of them has no plan."""
    if not townships:
        return 0
    started, refused = clock.monotonic_seconds(), 0
    say(f"· planning {on} in {len(townships)} townships …")
    place = Installation(settings.database, settings.field_key, travel_source(settings))
    for planned in plan_townships(list(townships), on=on, seconds=seconds, place=place):
        refused += planned.refusal is not None
        outcome = i18n.say(planned.refusal, "en") if planned.refusal else f"{planned.left_out} visits left out"
        say(f"  {townships[planned.area_code]}: {outcome}")
    say(f"  planning {on}: {clock.monotonic_seconds() - started:.1f} s")
    return 1 if refused else 0


def run_sheets(options: argparse.Namespace) -> int:
    """Print the sheets of a closed month, one file a village."""
    settings = open_installation()
    started = clock.monotonic_seconds()
    with db.reading() as session:
        files = print_files(
            session,
            options.month,
            Path(options.out),
            scheme=settings.scheme_name_zh,
            base_url=settings.base_url,
            area_code=settings.district_code,
        )
        printed = print_all(files, processes=options.processes)
    say(f"{printed} sheets printed to {options.out} in {clock.monotonic_seconds() - started:.1f} s")
    return 0


def run_demo(options: argparse.Namespace) -> int:
    """Load the demo district where nothing is loaded yet, plan tomorrow, say who can sign in, serve."""
    folder = Path(options.data)
    if options.reset:
        shutil.rmtree(folder, ignore_errors=True)
    started = clock.monotonic_seconds()
    settings = open_installation(data_dir=folder, base_url=f"http://127.0.0.1:{options.port}")
    logins = folder / "demo_logins.json"
    if demo_operations.is_empty():
        say("· loading the demo district …")
        made = demo_operations.load(district_code=settings.district_code, say=lambda text: say(f"  {text}"))
        demo_operations.keep(made, logins)
        with db.reading() as session:
            export_seals(session, settings.data_dir / "seals")
        keep_seals(settings)
        say(f"  demo district: {clock.monotonic_seconds() - started:.1f} s")
    _plan(settings, demo_operations.unplanned_townships(), demo_operations.tomorrow(), seconds=1)
    for role, name, secret in demo_operations.kept(logins):
        say(f"  {role:14} login {name:14} password {secret}")
    if not options.no_serve:
        _serve(settings, options.port)
    return 0


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(prog="timebank", description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    one = commands.add_parser("migrate", help=run_migrate.__doc__)
    one.set_defaults(run=run_migrate)
    one = commands.add_parser("serve", help=run_serve.__doc__)
    one.add_argument("--port", type=int, default=8000)
    one.set_defaults(run=run_serve)
    one = commands.add_parser("user", help=run_user.__doc__)
    one.add_argument("name")
    one.add_argument("role", choices=[role.value for role in Role])
    one.add_argument("--area", default="")
    one.set_defaults(run=run_user)
    one = commands.add_parser("ledger", help=run_ledger.__doc__)
    one.add_argument("what", choices=["verify", "seal", "rights"])
    one.add_argument("--role", default="timebank_app", help="rights: the role of PostgreSQL that runs the application")
    one.set_defaults(run=run_ledger)
    one = commands.add_parser("jobs", help=run_jobs.__doc__)
    one.set_defaults(run=run_jobs)
    one = commands.add_parser("close", help=run_close.__doc__)
    one.add_argument("month", help="for example 2026-10")
    one.set_defaults(run=run_close)
    one = commands.add_parser("plan", help=run_plan.__doc__)
    one.add_argument("--on", default="", help="the day, as 2026-11-25; tomorrow where left out")
    one.add_argument("--area", default="", help="a district or township code; the whole district where left out")
    one.add_argument("--seconds", type=int, help="CPU seconds for each township; the policy decides where left out")
    one.set_defaults(run=run_plan)
    one = commands.add_parser("sheets", help=run_sheets.__doc__)
    one.add_argument("month", help="for example 2026-10")
    one.add_argument("--out", default="sheets")
    one.add_argument("--processes", type=int, default=2, choices=range(1, 17), metavar="N")
    one.set_defaults(run=run_sheets)
    one = commands.add_parser("demo", help=run_demo.__doc__)
    one.add_argument("--port", type=int, default=8000)
    one.add_argument("--data", default=str(_ROOT / "var" / "demo"))
    one.add_argument("--reset", action="store_true")
    one.add_argument("--no-serve", action="store_true")
    one.set_defaults(run=run_demo)
    return top


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; a refusal is one sentence and exit code 2."""
    options = parser().parse_args(arguments)
    try:
        sys.exit(options.run(options))
    except TimebankError as error:
        say(i18n.say(error.message, "en"))
        sys.exit(2)
