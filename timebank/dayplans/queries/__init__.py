"""Reading day plans: the facts of a day, the versions of its plan, the runs of the planner."""

from timebank.dayplans.queries.plans import (
    changes_of,
    count_running,
    day_plan_for,
    days_ahead,
    latest_plan,
    problem_row,
    run_for,
    running,
    versions_of,
)

__all__ = [
    "changes_of",
    "count_running",
    "day_plan_for",
    "days_ahead",
    "latest_plan",
    "problem_row",
    "run_for",
    "running",
    "versions_of",
]
