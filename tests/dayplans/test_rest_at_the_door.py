"""A rest that is taken before the first door: by hand as the planner takes it, on the way or there."""

import numpy as np
import pytest

from dispatch.check import check
from dispatch.model import Break, Carer, Limits, Problem, Task, Window
from dispatch.solve import solve
from timebank.dayplans.adapter.hand import Move, moved


@pytest.mark.parametrize("taken_out", ["vis_1", "vis_2", "vis_3"])
@pytest.mark.parametrize("drive", [2, 25])
def test_any_visit_may_be_taken_out_of_a_day_with_a_rest(taken_out: str, drive: int) -> None:
    drives = np.full((4, 4), drive, np.int32)
    np.fill_diagonal(drives, 0)
    rest = Break(Window(690, 720), 30)
    carer = Carer("li", "home", "home", (Window(480, 1000),), breaks=(rest,))
    tasks = [
        Task(f"vis_{number}", f"door {number}", 30, (Window(start, start + 10),))
        for number, start in ((1, 600), (2, 720), (3, 810))
    ]
    problem = Problem(("home", "door 1", "door 2", "door 3"), {"default": drives}, (carer,), tuple(tasks))
    plan = solve(problem, Limits(steps=20_000), 1, "search")
    assert len(plan.unserved) == 0 and check(problem, plan) == []
    assert check(problem, moved(problem, plan, [Move(taken_out, None)])) == []
