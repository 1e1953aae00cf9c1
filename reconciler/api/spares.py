"""Things that one thread at a time can use, made when none is free."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


class Spares(Generic[T]):
    """As many as were ever used at once. Safe to share between threads; what was used last is used first."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._free = [make()]
        self._all = list(self._free)

    @contextmanager
    def one(self) -> Iterator[T]:
        """One of them, for the block alone."""
        try:
            taken = self._free.pop()
        except IndexError:
            taken = self._make()
            self._all.append(taken)
        try:
            yield taken
        finally:
            self._free.append(taken)

    def all(self) -> list[T]:
        """All that were made."""
        return list(self._all)
