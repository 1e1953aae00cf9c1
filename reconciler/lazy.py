"""Imports and values that wait until they are needed, imports without a library's optional parts, and frozen
dataclasses whose classes are made fast."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from functools import cache, cached_property
from importlib import import_module
from operator import attrgetter
from types import ModuleType
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


def load(reference: str) -> Any:
    """The object that `package.module:name` names, or the module that `package.module` names. Imports the module."""
    module, _, name = reference.partition(":")
    found = import_module(module)
    return getattr(found, name) if name else found


def import_lazily(package: str) -> Callable[[str], ModuleType]:
    """The `__getattr__` of a package (PEP 562): a submodule is imported when it is first used.

    The package names the same submodules under TYPE_CHECKING, for mypy and for the tests of the import rules.
    """

    def get(name: str) -> ModuleType:
        submodule = f"{package}.{name}"
        try:
            return import_module(submodule)
        except ModuleNotFoundError as error:
            if error.name != submodule:
                raise
            raise AttributeError(f"module {package!r} has no attribute {name!r}") from None

    return get


class LazyMapping(Mapping[str, T]):
    """A mapping whose entries are made at the first access: those of most resources are never read."""

    def __init__(self, make: Callable[[], Mapping[str, T]]) -> None:
        self._make = make

    def __getitem__(self, path: str) -> T:
        return self._entries[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    @cached_property
    def _entries(self) -> Mapping[str, T]:
        return self._make()


@contextmanager
def without_optional(*names: str) -> Iterator[None]:
    """While the block runs, an import of these optional libraries fails as if they were not installed: nothing here
    needs them, and they would only cost time at each start."""
    absent = [name for name in names if name not in sys.modules]
    for name in absent:
        sys.modules[name] = None  # type: ignore[assignment] # the import system reads it as: not found
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


class _Shared:
    """The methods that frozen classes share."""

    def __eq__(self: Any, other: object) -> bool:
        values = _values(self.__class__)
        return bool(values(self) == values(other)) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: Any) -> int:
        return hash(_values(self.__class__)(self))

    def __repr__(self: Any) -> str:
        shown = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
        return f"{self.__class__.__qualname__}({', '.join(shown)})"


@cache
def _values(cls: Any) -> Callable[[object], object]:
    return attrgetter(*(each.name for each in fields(cls) if each.compare))


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """A dataclass with slots. Only mypy refuses to assign to its fields.

    A frozen dataclass compiles six methods, in 0.6 ms a class, each time the program starts: with 70 classes that was a
    sixth of a plan. Here it compiles its constructor alone, in 0.2 ms.
    """
    for name in ("__eq__", "__hash__", "__repr__"):
        setattr(cls, name, vars(_Shared)[name])
    return dataclass(slots=True, eq=False, repr=False)(cls)
