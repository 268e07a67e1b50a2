"""The search: annealing over exact schedules, with ruin and recreate, in compiled kernels.

Reading order: `arrays` (a problem as numbers), `state`, `arrivals` (what one route says), `schedule` (when things
happen), `moves`, `anneal`, `recreate`, `outcome` (plans out and in), `run` (one worker), `workers` (several). `compile`
says how numba is used, `twin` is the timing again in plain Python.
"""

from dispatch.search.run import search, warm
from dispatch.search.workers import search_many

__all__ = ["search", "search_many", "warm"]
