"""Checks of fields as the pages state them. A check takes a value and yields what is wrong, by path below the field."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from reconciler.simulator.store import Record
from reconciler.simulator.wire import MAX_BODY, Problem, invalid

Check = Callable[[object], Iterator[Problem]]

ID = re.compile(r"[a-zA-Z0-9._-]{1,256}")
"""What an id looks like [seed: pattern and length of `integration_id`]."""


def accept(fields: Record, checks: Mapping[str, Check], required: Iterable[str]) -> Record:
    """The known fields of a body, checked; a 422 names every problem at once. Unknown fields are ignored (choice)."""
    problems = [(name, "is required") for name in required if name not in fields]
    for name, check in checks.items():
        if name in fields:
            problems += below(name, check(fields[name]))
    if problems:
        raise invalid(problems)
    return {name: fields[name] for name in checks if name in fields}


def below(name: str, problems: Iterable[Problem]) -> Iterator[Problem]:
    """The problems, with the field's name in front of their paths: paths are dotted [docs]."""
    for path, message in problems:
        yield (f"{name}.{path}" if path else name), message


def text(shortest: int = 0, longest: int = MAX_BODY) -> Check:
    """A string of that many characters, both ends included; any string by default."""

    def check(value: object) -> Iterator[Problem]:
        if not isinstance(value, str):
            yield "", "must be a string"
        elif not shortest <= len(value) <= longest:
            yield "", f"must have {shortest} to {longest} characters"

    return check


def one_of(*options: str | int | None) -> Check:
    """One of the values, of the same type: `true` and `1.0` are not `1`, `"ios"` is not `"iOS"`."""

    def check(value: object) -> Iterator[Problem]:
        if not any(type(value) is type(option) and value == option for option in options):
            yield "", "must be one of " + ", ".join("null" if option is None else str(option) for option in options)

    return check


def shape(known: Mapping[str, Check], *, required: Iterable[str] = ()) -> Check:
    """An object whose known keys pass their checks; other keys may be there."""

    def check(value: object) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield "", "must be an object"
            return
        yield from ((name, "is required") for name in required if name not in value)
        for name, inner in known.items():
            if name in value:
                yield from below(name, inner(value[name]))

    return check


def each(inner: Check, *, at_least: int = 0) -> Check:
    """A list whose items pass the check; an item's path is its index."""

    def check(value: object) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield "", "must be a list"
        elif len(value) < at_least:
            yield "", f"must have at least {at_least}"
        else:
            for index, item in enumerate(value):
                yield from below(str(index), inner(item))

    return check
