"""What the office's machine does from a terminal: migrate, serve, add a login, verify the ledger, show the demo."""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlmodel import Session
from waitress import serve as serve_wsgi

from timebank import config
from timebank.app import create_app
from timebank.areas.models import Area, AreaKind
from timebank.auth import operations as auth
from timebank.core import clock, crypto, db, i18n, ids
from timebank.core.actors import SYSTEM, Role
from timebank.core.errors import TimebankError
from timebank.demo import operations as demo_operations
from timebank.ledger.operations import open_common_accounts
from timebank.ledger.verify import verify

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


def _serve(settings: config.Settings, port: int) -> None:
    say(f"Serving on http://127.0.0.1:{port}  (stop with Ctrl+C)")
    serve_wsgi(create_app(settings), host="127.0.0.1", port=port, threads=8, ident=None)


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


def run_ledger(_: argparse.Namespace) -> int:
    """Replay the whole ledger; exit 1 and the first bad row where something is wrong."""
    open_installation()
    with db.reading() as session:
        found = verify(session)
    for subject, text in found.problems:
        say(f"{subject}: {text}")
    say(f"{found.rows} rows checked: {'sound' if not found.problems else 'NOT SOUND'}")
    return 1 if found.problems else 0


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
        say(f"  demo district: {clock.monotonic_seconds() - started:.1f} s")
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
    one.add_argument("what", choices=["verify"])
    one.set_defaults(run=run_ledger)
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
