"""What every test may rely on: two real databases, and no way out of the machine."""

import os

os.environ.setdefault("TZ", "UTC")
if os.access("/dev/shm", os.W_OK):  # databases of tests lie in memory: they are safe to lose, and no disk is slow there
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", "/dev/shm")

pytest_plugins = [
    "tests.fixtures.databases",
    "tests.fixtures.forbidden",
    "tests.fixtures.site",
    "tests.fixtures.standing",
    "tests.fixtures.phones",
    "tests.fixtures.served",
    "tests.fixtures.order",
]
