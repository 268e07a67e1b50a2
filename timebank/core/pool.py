"""The connections of a process, given out in the order of asking."""

from collections import deque
from threading import Lock
from typing import Any

import sqlalchemy as sa
from sqlalchemy.util.queue import Empty, Queue


class _Turn:
    """One who waits: the lock opens when something was put into the hand."""

    def __init__(self) -> None:
        self.given: Any = None
        self.opens = Lock()
        self.opens.acquire()


class InTurn(Queue[Any]):
    """What is put back goes to who waits longest.

    The usual queue lets a thread that comes by just then take it before the waiting one is awake, which then stands at
    the end again: with many more threads than connections some waited until their patience ran out.
    """

    def _init(self, maxsize: int) -> None:
        super()._init(maxsize)
        self.line: deque[_Turn] = deque()  # while somebody stands in it, nothing lies in the queue

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Give to who waits longest; lay down what nobody waits for."""
        with self.mutex:
            if not self.line:
                super().put(item, block, timeout)
                return
            turn = self.line.popleft()
            turn.given = item
            turn.opens.release()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Take what lies there, or stand in line for it; raises `Empty` when nothing came in time."""
        with self.mutex:
            if not block or self.qsize():
                return super().get(False)
            turn = _Turn()
            self.line.append(turn)
        try:
            turn.opens.acquire(timeout=-1 if timeout is None else timeout)
        except BaseException:
            if (given := self._leave(turn)) is not None:
                self.put(given, False)
            raise
        if (given := self._leave(turn)) is None:
            raise Empty
        return given

    def _leave(self, turn: _Turn) -> Any:
        """What was given meanwhile; who got nothing steps out of the line."""
        with self.mutex:
            if turn.given is None:
                self.line.remove(turn)
            return turn.given


class PoolInTurn(sa.QueuePool):
    """A pool whose threads wait in line."""

    _queue_class = InTurn
