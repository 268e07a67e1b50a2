"""One workload for every path: a thousand members with ten hours each and a pool.

Pool to member 80 %, member to member 10 %, member to pool 10 %; 15 to 240 minutes; no member below zero. Needs nothing
but Python, so that a peer in an environment of its own does the same.
"""

import itertools
import random
from collections.abc import Iterator

MEMBERS, OPENING = 1_000, 600
Step = tuple[str, str, int]


def steps(seed: int, *, members: int = MEMBERS, pool: str) -> Iterator[Step]:
    """An endless, repeatable run of transfers: who gives, who gets, minutes."""
    chance = random.Random(seed)
    for _ in itertools.count():
        kind, minutes = chance.random(), 15 * chance.randint(1, 16)
        first, second = chance.sample(range(members), 2)
        one, other = f"acc_{first:026d}", f"acc_{second:026d}"
        yield (pool, one, minutes) if kind < 0.8 else (one, other, minutes) if kind < 0.9 else (one, pool, minutes)
