"""The cast on each database, without pages; and the desks that act."""

from importlib import import_module

import pytest
import sqlalchemy as sa

from tests.cast import Cast, assemble
from tests.fixtures.site import FIRST_MORNING, At
from timebank.core import crypto, db

import_module("timebank.app")  # what follows from a case is told by every feature, also where one file is tested alone


@pytest.fixture
def cast(database: sa.Engine, at: At) -> Cast:
    """Everybody of tests/cast.py at nine on Tuesday 3 November 2026."""
    at(FIRST_MORNING)
    crypto.use_passwords(crypto.Passwords(memory_kib=8, passes=1))
    with db.transaction() as session:
        return assemble(session)
