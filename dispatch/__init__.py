"""The day planner: who visits whom, when, with whom and in what car. Knows nothing of the application around it."""

from dispatch.check import check, price
from dispatch.model import (
    Break,
    Carer,
    Cost,
    Limits,
    Link,
    Pause,
    Plan,
    Problem,
    ProblemError,
    Progress,
    Route,
    Stop,
    Task,
    Unserved,
    Vehicle,
    Violation,
    Weights,
    Window,
)
from dispatch.solve import solve

__all__ = [
    "Break",
    "Carer",
    "Cost",
    "Limits",
    "Link",
    "Pause",
    "Plan",
    "Problem",
    "ProblemError",
    "Progress",
    "Route",
    "Stop",
    "Task",
    "Unserved",
    "Vehicle",
    "Violation",
    "Weights",
    "Window",
    "check",
    "price",
    "solve",
]
