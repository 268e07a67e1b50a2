"""The planner's processes: one for each run, so that no page ever waits for a search and a search may be killed.

Whether a worker lives is not guessed from its silence (it may be compiling, or wait for a busy core): it holds a lock
on a file from the moment it is started, and the kernel lets go of that lock the moment it ends, however it ends. A
worker that ends as it should takes its file away, so a file without a lock is a worker that was killed.
"""

import fcntl
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from timebank.core import db

_ROOT = Path(__file__).resolve().parents[2]
_children: dict[str, subprocess.Popen[bytes]] = {}
DATABASE = "TIMEBANK_PLANNER_DATABASE"  # how the parent tells the worker; no setting of an installation


def start(run_id: str) -> int:
    """Start the worker of a run; its process id. The worker reads and writes the same database as this process."""
    _forget_the_ended()
    url = db.engine().url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "timebank.dayplans.worker", run_id]
    line = os.open(_life_line(run_id), os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    try:
        fcntl.flock(line, fcntl.LOCK_EX)  # held by the worker too, which is handed the open file
        environment = os.environ | {DATABASE: url}
        child = subprocess.Popen(
            command, cwd=_ROOT, env=environment, stdin=subprocess.DEVNULL, pass_fds=(line,), close_fds=True
        )
    finally:
        os.close(line)
    _children[run_id] = child
    return child.pid


def was_killed(run_id: str) -> bool:
    """Whether the worker of a run was started on this machine and ended without a word.

    Any process of the machine sees it, at once. Nothing is known of a worker on another machine.
    """
    try:
        line = os.open(_life_line(run_id), os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(line, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(line)
    return True


def forget(run_id: str) -> None:
    """A run has ended and says so itself: its file is not needed any more."""
    _life_line(run_id).unlink(missing_ok=True)


def _life_line(run_id: str) -> Path:
    return Path(tempfile.gettempdir()) / f"timebank-planner-{run_id}"


def _forget_the_ended() -> None:
    """Take leave of the children that have ended, so that the kernel may forget them as well."""
    for run_id in [run_id for run_id, child in list(_children.items()) if child.poll() is not None]:
        _children.pop(run_id, None)
