"""The evaluator that the rehearsals rely on, on the table of GitHub's documents."""

from __future__ import annotations

from typing import Any

import pytest
from offenders import for_all

from .expressions import Unknown, filled, holds, value_of

CONTEXTS: dict[str, Any] = {
    "github": {"ref": "Main", "event": {"before": None}},
    "inputs": {"digest": None, "yes": True},
}


@for_all(
    ("text", "value"),
    [
        ("github.ref == 'main'", True),
        ("github.ref != 'main'", False),
        ("inputs.digest == ''", True),
        ("inputs.digest || 'none'", "none"),
        ("inputs.yes && 'a' || 'b'", "a"),
        ("inputs.digest == '' && !inputs.yes || github.ref", "Main"),
        ("(inputs.yes || inputs.digest) && 'it''s'", "it's"),
        ("github.event.before.more", None),
        ("true == false", False),
    ],
)
def test_what_an_expression_comes_to(text: str, value: object) -> None:
    """Texts without regard to case, && and || give one of their sides."""
    assert value_of(text, CONTEXTS) == value


def test_values_in_a_text() -> None:
    """Nothing is empty, true is a word."""
    assert filled("a ${{ inputs.digest }}-${{ inputs.yes }}-${{ github.ref }}", CONTEXTS) == "a -true-Main"


@pytest.mark.parametrize(
    "text", ["github.reff", "secrets.X", "contains('a', 'b')", "1 < 2", "github.ref ==", "'a' 'b'"]
)
def test_what_is_not_known_is_an_error(text: str) -> None:
    """Never an empty value, as GitHub would take it for."""
    with pytest.raises(Unknown):
        value_of(text, CONTEXTS)


@pytest.mark.parametrize(
    ("condition", "after_success", "after_failure"),
    [("true", True, False), ("always()", True, True), ("failure()", False, True), ("${{ !cancelled() }}", True, True)],
)
def test_whether_a_step_runs(condition: str, after_success: bool, after_failure: bool) -> None:
    """After a failure only what asks for the status."""
    assert holds(condition, CONTEXTS, failed=False) is after_success
    assert holds(condition, CONTEXTS, failed=True) is after_failure
