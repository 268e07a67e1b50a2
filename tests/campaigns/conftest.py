"""How large a campaign runs and from which seed: `pytest tests/campaigns --size R --seed 7`.

Size n is what every run of the suite can afford on two processors; each campaign says at its head how far that lies
below reliability.md. Size R is the release size, any number is taken as it is.
"""

from collections.abc import Callable
from random import Random

import pytest

Scale = Callable[[int, int], int]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--size", default="n", help="n (every run), R (release), or a number")
    parser.addoption("--seed", type=int, default=1, help="the seed of every random choice of a campaign")


@pytest.fixture
def scale(request: pytest.FixtureRequest) -> Scale:
    """How often to do something: the first number at size n, the second at size R."""
    size = str(request.config.getoption("--size", default="n"))

    def scaled(usual: int, release: int) -> int:
        return int(size) if size.isdecimal() else release if size == "R" else usual

    return scaled


@pytest.fixture
def is_release(request: pytest.FixtureRequest) -> bool:
    """Whether this is size R, for what no number is given for: how large the village is in which something happens."""
    return str(request.config.getoption("--size", default="n")) == "R"


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """The seed of this run."""
    return int(request.config.getoption("--seed", default=1))


@pytest.fixture
def chance(seed: int) -> Random:
    """Every random choice of a campaign comes from here, so that its seed repeats it."""
    return Random(seed)
