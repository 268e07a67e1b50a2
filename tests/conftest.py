"""What every test may rely on: two real databases, and no way out of the machine."""

import os

os.environ.setdefault("TZ", "UTC")

pytest_plugins = ["tests.fixtures.databases", "tests.fixtures.forbidden"]
