"""The hard rules and the prices that concern one carer and one task, said once for every engine."""

from collections.abc import Sequence
from itertools import pairwise

from dispatch.model import Break, Carer, Pause, Problem, Task, Window


def may_serve(carer: Carer, task: Task) -> str:
    """Empty where the carer may serve the task, else what speaks against it: skill, list, sex or pin."""
    if not task.skills <= carer.skills:
        return f"lacks {', '.join(sorted(task.skills - carer.skills))}"
    if carer.id in task.banned_carers or (task.allowed_carers is not None and carer.id not in task.allowed_carers):
        return "is not on the task's list of carers"
    if task.sex and task.sex_is_hard and carer.sex != task.sex:
        return f"is not {task.sex}"
    if task.pinned_carer not in (None, carer.id):
        return f"the task is promised to {task.pinned_carer}"
    return ""


def preference_cost(problem: Problem, carer: Carer, task: Task) -> int:
    """Cost of this face at this door: continuity, soft rules on sex and dialect, change of a published visit."""
    weights = problem.weights
    cost = task.carer_cost.get(carer.id, task.other_carer_cost)
    if task.sex and not task.sex_is_hard and carer.sex != task.sex:
        cost += weights.other_sex
    if task.dialect and task.dialect not in carer.dialects:
        cost += weights.other_dialect
    if task.published_carer not in (None, carer.id):
        cost += weights.changed_visit
    return cost


def rests_at_home(carer: Carer) -> tuple[Pause, ...]:
    """When the carer takes the breaks that are taken before setting out, in order of time."""
    return _rests(carer)[0]


def rests_on_the_way(carer: Carer) -> tuple[Break, ...]:
    """The breaks that are left for the day's work, what closes first at the head."""
    return _rests(carer)[1]


def _rests(carer: Carer) -> tuple[tuple[Pause, ...], tuple[Break, ...]]:
    """The breaks that can be over before the first shift opens or must begin before it does, as pauses; and the others.

    What closes first is given the first room there is.
    """
    opens, pauses, others = carer.shifts[0].opens_minutes, list[Pause](), list[Break]()
    for rest in sorted(carer.breaks, key=lambda rest: rest.window.closes_minutes):
        begin = _first_room(pauses, rest)
        end = begin + rest.duration_minutes
        if begin > rest.window.closes_minutes or (end > opens and rest.window.closes_minutes >= opens):
            others.append(rest)
        else:
            pauses = sorted([*pauses, Pause(begin, end)], key=lambda pause: pause.start_minutes)
    return tuple(pauses), tuple(others)


def _first_room(pauses: Sequence[Pause], rest: Break) -> int:
    """The first moment from the opening of a break on at which it lies between pauses."""
    begin = rest.window.opens_minutes
    for pause in pauses:
        if begin + rest.duration_minutes <= pause.start_minutes:
            break
        begin = max(begin, pause.end_minutes)
    return begin


def rests_taken(breaks: Sequence[Break], pauses: Sequence[Pause]) -> dict[int, Pause]:
    """Which pause is which break: as many as can be, each break one of its own, long enough where there is a choice.

    Pauses may come in another order than breaks, and one may suit several of them (Kuhn's augmenting paths).
    """
    taken: dict[int, int] = {}
    for whole in (True, False):
        for number in range(len(pauses)):
            if number not in taken.values():
                _take(breaks, pauses, number, whole, taken, set())
    return {index: pauses[number] for index, number in taken.items()}


def _take(
    breaks: Sequence[Break], pauses: Sequence[Pause], number: int, whole: bool, taken: dict[int, int], seen: set[int]
) -> bool:
    """Find a break for a pause, if need be by finding another pause's break anew."""
    begin, end = pauses[number].start_minutes, pauses[number].end_minutes
    for index, rest in enumerate(breaks):
        inside = rest.window.opens_minutes <= begin <= rest.window.closes_minutes
        if index in seen or not inside or (whole and end - begin < rest.duration_minutes):
            continue
        seen.add(index)
        if index not in taken or _take(breaks, pauses, taken[index], whole, taken, seen):
            taken[index] = number
            return True
    return False


def sets_out_minutes(carer: Carer) -> int:
    """When a carer can leave home at the earliest."""
    return max([carer.shifts[0].opens_minutes, *(pause.end_minutes for pause in rests_at_home(carer))])


def hours_in_order(task: Task) -> tuple[Window, ...]:
    """When a task may start: its windows in order of time, those that overlap as one."""
    found: list[Window] = []
    for window in sorted(task.windows, key=lambda window: window.opens_minutes):
        if found and window.opens_minutes <= found[-1].closes_minutes:
            window = Window(found[-1].opens_minutes, max(found[-1].closes_minutes, window.closes_minutes))
            found.pop()
        found.append(window)
    return tuple(found)


def latest_departure(carer: Carer, pauses: Sequence[Pause], arrive: int, drive: int) -> int:
    """The latest moment to set out on a drive that ends at ``arrive``: nobody drives in pauses or between shifts."""
    blocked = [(pause.start_minutes, pause.end_minutes) for pause in pauses]
    blocked += [(early.closes_minutes, late.opens_minutes) for early, late in pairwise(carer.shifts)]
    moment = arrive
    while span := max((span for span in blocked if span[0] < moment), key=lambda span: span[1], default=None):
        free = max(0, moment - span[1])
        if free >= drive:
            break
        moment, drive = span[0], drive - free
    return moment - drive


def unserved_cost(problem: Problem, task: Task) -> int:
    """Cost of leaving a task out; tiers beyond the list cost as the last one does."""
    if task.unserved_cost is not None:
        return task.unserved_cost
    weights = problem.weights.unserved
    return weights[min(task.tier, len(weights) - 1)]


def bundles(problem: Problem) -> list[tuple[int, ...]]:
    """Tasks that are served all or none, as indices: the connected parts of the links, single tasks alone."""
    number = {task.id: index for index, task in enumerate(problem.tasks)}
    part = list(range(len(problem.tasks)))
    for link in problem.links:
        old, new = part[number[link.second]], part[number[link.first]]
        part = [new if value == old else value for value in part]
    groups: dict[int, list[int]] = {}
    for index, value in enumerate(part):
        groups.setdefault(value, []).append(index)
    return [tuple(group) for group in groups.values()]
