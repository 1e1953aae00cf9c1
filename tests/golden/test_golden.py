"""Each form shows each plan as it did: what changes in it is looked at, in the pull request that changes it."""

from __future__ import annotations

import pytest

from reconciler.model.plan import Action, Cause

from .cases import CASES
from .forms import FOLDER, RENEW, every, made, path_of
from .stage import review_of


@pytest.mark.parametrize(("form", "case"), list(every()))
def test_a_form_shows_a_plan_as_it_did(form: str, case: str) -> None:
    """Byte for byte what the file holds."""
    path = path_of(form, case)
    assert path.is_file(), f"there is no {path.name} of {form}: run `{RENEW}`, and look at it"
    assert made(form, case) == path.read_text(encoding="utf-8"), f"if that is meant: run `{RENEW}`, and look at it"


def test_no_file_is_left_over() -> None:
    """Every file is made by some form of some case."""
    found = {path for path in FOLDER.glob("*/*.*") if path.parent.name != "__pycache__"}
    assert found <= {path_of(form, case) for form, case in every()}, f"run `{RENEW}`"


def test_the_cases_hold_all_there_is() -> None:
    """Every action and every cause is in some plan; one is empty, one is refused."""
    plans = [review_of(name).plan for name in CASES]
    changes = [change for plan in plans for change in plan.changes]
    assert {change.action for change in changes} == set(Action)
    assert {field.cause for change in changes for field in change.fields} == set(Cause)
    assert not review_of("empty").plan.changes
    assert review_of("refused").plan.refusals
