"""One test of a rule for all of its examples, which lists those that do not keep to it."""

from __future__ import annotations

import functools
import inspect
import traceback
from collections.abc import Callable, Collection, Sequence

import pytest

Test = Callable[..., None]


def _named(names: list[str], example: object) -> dict[str, object]:
    values = example if len(names) > 1 else (example,)
    assert isinstance(values, (tuple, list))
    return dict(zip(names, values, strict=True))


def for_all(names: str | Sequence[str], examples: Collection[object]) -> Callable[[Test], Test]:
    """As `parametrize`, but in one test: for hundreds of examples of a millisecond each, of which none leaves anything
    behind for the next. To collect, start and report a test of its own takes several times as long."""
    listed = names.replace(" ", "").split(",") if isinstance(names, str) else list(names)
    assert examples

    def decorate(test: Test) -> Test:
        signature = inspect.signature(test)

        @functools.wraps(test)
        def together(**fixtures: object) -> None:
            offenders = []
            for example in examples:
                try:
                    test(**fixtures, **_named(listed, example))
                except (Exception, pytest.fail.Exception):  # noqa: BLE001 - all that fail are told
                    offenders.append(f"{example!r}\n{traceback.format_exc()}")
            assert not offenders, f"{len(offenders)} of {len(examples)}:\n" + "\n".join(offenders)

        kept = [each for name, each in signature.parameters.items() if name not in listed]
        vars(together)["__signature__"] = signature.replace(parameters=kept)  # pytest gives it what stands there
        return together

    return decorate
