"""Named points at which the crash campaigns stop the process; they do nothing unless armed."""

import os
import signal

_armed: str | None = os.environ.get("TIMEBANK_CRASH_POINT")


def arm(name: str | None) -> None:
    """Make the process kill itself at the point `name`; None disarms."""
    global _armed
    _armed = name


def crash_point(name: str) -> None:
    """A place between two writes where a crash must do no harm."""
    if _armed == name:
        os.kill(os.getpid(), signal.SIGKILL)
