"""The same cast as at the visits, without pages where none are needed."""

from tests.visits.conftest import cast

__all__ = ["cast"]
