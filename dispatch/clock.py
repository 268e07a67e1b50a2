"""The hours of one carer in CP-SAT: shifts, breaks and the drives between them.

Breaks and the gaps between shifts make a *work clock*: a moment less the minutes lost before it to gaps and pauses.
Drives take time on the work clock, which is what "travel may be interrupted, service may not" means.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from ortools.sat.python import cp_model

from dispatch.model import Break, Carer
from dispatch.violations import Rule

Expression = cp_model.LinearExpr | int
Model = cp_model.CpModel
Rules = Callable[[Rule], tuple[cp_model.IntVar, ...]]
"""Literals under which a rule holds: none in a plain model, one where the model is asked why something does not fit."""


@dataclass
class Rest:
    """A break: when it starts, whether it is needed, and how many working minutes it takes.

    Where its rule may be given up, ``dropped`` says whether it is given up for good, not only taken at another time.
    """

    rest: Break
    start: cp_model.IntVar
    needed: cp_model.IntVar
    interval: cp_model.IntervalVar
    lost: Expression
    dropped: Expression = 0


class Clock:
    """When a carer leaves, is back and rests.

    Parameters
    ----------
    model, carer, used
        The carer's literal ``used`` says whether there is a route at all.
    horizon
        No moment is later.
    rules
        Under which literals the shifts and breaks hold.
    """

    def __init__(
        self, model: cp_model.CpModel, carer: Carer, used: cp_model.IntVar, horizon: int, rules: Rules
    ) -> None:
        self.model, self.carer, self.used, self.horizon, self.rules = model, carer, used, horizon, rules
        self.hours = rules(Rule.SHIFT)
        opens, last = carer.shifts[0].opens_minutes, latest(carer)
        self.leave: Expression = opens
        earliest, at_most = (0, horizon) if self.hours else (opens, max(opens, min(last, horizon)))
        self.finish = model.new_int_var(earliest, at_most, f"finish {carer.id}")
        if self.hours:
            self.leave = model.new_int_var(0, horizon, f"leave {carer.id}")
            model.add(self.leave >= opens).only_enforce_if(*self.hours)
            model.add(self.finish <= last).only_enforce_if(*self.hours)
        self.through = [self._through() for _ in pairwise(carer.shifts)]
        model.add(self.finish == (0 if self.hours else opens)).only_enforce_if(~used)
        self.rests = [self._rest(rest) for rest in carer.breaks]
        if len(self.rests) > 1:
            model.add_no_overlap([rest.interval for rest in self.rests])
        self.home: Expression = self.finish - self._lost(used, self.finish, None)

    def _through(self) -> tuple[cp_model.IntVar, ...]:
        """Whether the carer works on between two shifts; only where the hours may be given up."""
        if not self.hours:
            return ()
        works_on = self.model.new_bool_var("")
        for literal in self.hours:
            self.model.add_implication(works_on, ~literal)
        return (works_on,)

    def more(self) -> Expression:
        """Minutes between shifts that the carer works through."""
        gaps = [late.opens_minutes - early.closes_minutes for early, late in pairwise(self.carer.shifts)]
        return cp_model.LinearExpr.sum(
            [gap * works_on for gap, through in zip(gaps, self.through, strict=True) for works_on in through]
        )

    def at(self, here: cp_model.IntVar, start: cp_model.IntVar, duration: int) -> Expression:
        """The work clock at the start of a service, which (where ``here``) lies in one shift and outside breaks."""
        self.model.add(start >= self.carer.shifts[0].opens_minutes).only_enforce_if(here, *self.hours)
        self.model.add(start + duration <= latest(self.carer)).only_enforce_if(here, *self.hours)
        return start - self._lost(here, start, duration)

    def _lost(self, here: cp_model.IntVar, moment: cp_model.IntVar, duration: int | None) -> Expression:
        """Minutes lost before ``moment`` to gaps and pauses; none cuts the service (``None``: the way home)."""
        lost: list[Expression] = []
        for (early, late), through in zip(pairwise(self.carer.shifts), self.through, strict=True):
            after, keeps = self.model.new_bool_var(""), [~works_on for works_on in through]
            for literal in (here, *keeps):
                self.model.add_implication(after, literal)
            end = moment + (duration or 0)
            self.model.add(end <= early.closes_minutes).only_enforce_if(here, ~after, *keeps)
            self.model.add(moment >= late.opens_minutes).only_enforce_if(here, after)
            lost.append((late.opens_minutes - early.closes_minutes) * after)
        lost += [self._lost_to_rest(rest, here, moment, duration) for rest in self.rests]
        return cp_model.LinearExpr.sum(lost)

    def _lost_to_rest(
        self, rest: Rest, here: cp_model.IntVar, moment: cp_model.IntVar, duration: int | None
    ) -> Expression:
        length = rest.rest.duration_minutes
        if duration is None:
            after: cp_model.IntVar = rest.needed
        else:
            after = self.model.new_bool_var("")
            self.model.add_implication(after, rest.needed)
            self.model.add_implication(after, here)
            self.model.add(moment + duration <= rest.start).only_enforce_if(here, rest.needed, ~after)
        self.model.add(moment >= rest.start + length).only_enforce_if(here, after)
        if isinstance(rest.lost, int):
            return rest.lost * after
        lost = self.model.new_int_var(0, length, "")
        self.model.add(lost == rest.lost).only_enforce_if(after)
        self.model.add(lost == 0).only_enforce_if(~after)
        return lost

    def _rest(self, rest: Break) -> Rest:
        """A break that is taken, or not needed because the route is over before its window closes."""
        model, window, rule = self.model, rest.window, self.rules(Rule.BREAK)
        opens, closes = window.opens_minutes, min(window.closes_minutes, self.horizon)
        start = model.new_int_var(0, self.horizon, "") if rule else model.new_int_var(opens, closes, "")
        needed = model.new_bool_var("")
        model.add_implication(needed, self.used)
        over = self.finish <= window.closes_minutes
        model.add(over).only_enforce_if(self.used, ~needed, *rule)
        dropped: Expression = 0
        if rule:  # given up, it is taken at any time of the day's work, or not at all
            model.add_linear_constraint(start, opens, closes).only_enforce_if(*rule)
            model.add(start >= self.carer.shifts[0].opens_minutes).only_enforce_if(needed, ~rule[0])
            dropped = model.new_bool_var("")
            model.add(over).only_enforce_if(self.used, ~needed, ~dropped)
        model.add(start == window.opens_minutes).only_enforce_if(~needed)
        interval = model.new_optional_fixed_size_interval_var(start, rest.duration_minutes, needed, "")
        return Rest(rest, start, needed, interval, self._working_part(rest, start), dropped)

    def _working_part(self, rest: Break, start: cp_model.IntVar) -> Expression:
        """How much of the break falls inside shifts: its length, less its overlap with the time before and between."""
        length, window, parts = rest.duration_minutes, rest.window, list[Expression]()
        shifts = self.carer.shifts
        early_enough: list[cp_model.LiteralT] = list(self.hours)
        free = [(window.opens_minutes - length - 1, shifts[0].opens_minutes, early_enough)]
        for (early, late), through in zip(pairwise(shifts), self.through, strict=True):
            free.append((early.closes_minutes, late.opens_minutes, [~works_on for works_on in through]))
        for low, high, keeps in free:
            if min(window.closes_minutes + length, high) <= max(window.opens_minutes, low):
                continue
            part, overlaps = self.model.new_int_var(0, min(length, high - low), ""), self.model.new_bool_var("")
            for literal in keeps:
                self.model.add_implication(overlaps, literal)
            self.model.add(part <= start + length - low).only_enforce_if(overlaps)
            self.model.add(part <= high - start).only_enforce_if(overlaps)
            self.model.add(part == 0).only_enforce_if(~overlaps)
            parts.append(part)
        return length - cp_model.LinearExpr.sum(parts) if parts else length


def latest(carer: Carer) -> int:
    """The last moment of work, overtime included."""
    return carer.shifts[-1].closes_minutes + carer.max_overtime_minutes
