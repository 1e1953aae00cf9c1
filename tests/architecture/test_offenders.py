"""What lists the offenders of a rule finds them."""

from __future__ import annotations

import pytest
from offenders import for_all


def test_each_example_that_fails_is_listed(tmp_path: object) -> None:
    """With what it failed by; the fixtures of the test come through."""

    @for_all(("number", "square"), [(1, 1), (2, 5), (3, 9), (4, 17)])
    def squares(tmp_path: object, number: int, square: int) -> None:
        """A square is a number times itself."""
        assert tmp_path
        assert number * number == square

    with pytest.raises(AssertionError, match="2 of 4") as caught:
        squares(tmp_path=tmp_path)
    assert "(2, 5)" in str(caught.value)
    assert "(4, 17)" in str(caught.value)
    assert "(3, 9)" not in str(caught.value)


def test_what_is_missing_fails_too() -> None:
    """`pytest.raises` without an error is a failure as an assertion is."""

    @for_all("text", ["x", "7"])
    def no_numbers(text: str) -> None:
        """None of the texts is a number."""
        with pytest.raises(ValueError, match="invalid literal"):
            int(text)

    with pytest.raises(AssertionError, match="1 of 2"):
        no_numbers()
