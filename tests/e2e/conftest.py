"""What the tests in a browser may be asked for: `pytest tests/e2e --mornings whole`."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--mornings`: how many of the coordinator's mornings are lived through."""
    told = "half: each hand in one language (every run); whole: mouse and keyboard, each in both languages"
    parser.addoption("--mornings", default="half", choices=("half", "whole"), help=told)
