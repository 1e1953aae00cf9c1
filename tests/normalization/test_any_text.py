"""Whatever an API makes of whatever texts: one apply, and the second plan is empty."""

from __future__ import annotations

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties.examples import examples
from size import ends
from world import World

from reconciler.kinds.normalization import INVISIBLE, looks_same, make_normal_form

from .team import automation, integration, report, team

LETTERS = "aAzZ e\u0301\u00e9 n\u0303 \u00df\u0130I\u200b\u200d\u00a0\u2003 \u1e9e\ufb01\u2126\u212b 09 .,-_\U0001f468"
TEXTS = st.text(st.one_of(st.sampled_from(LETTERS), st.characters(exclude_categories=("Cs", "Cc"))), max_size=40)


def texts(seed: int, count: int) -> list[str]:
    """Texts of which no two are one name to a person, or differ in case alone."""
    luck = random.Random(seed)  # noqa: S311 - a world that can be repeated
    found: dict[str, str] = {}
    while len(found) < count:
        text = "".join(luck.choices(LETTERS, k=luck.randint(1, 20)))
        name = unicodedata.normalize("NFKC", make_normal_form(text)).casefold()
        if name.strip():
            found.setdefault(" ".join(name.split()), text)
    return list(found.values())


@pytest.mark.parametrize(
    "ways", ends([["trim"], ["nfc"], ["trim", "nfc"], ["lower"], ["nfc", "lower", "trim", "sort"]])
)
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.exhaustive)])
def test_the_second_plan_is_empty(world: World, ways: list[str], seed: int) -> None:
    """Forty names and captions at once, and once more after they all were changed."""
    world.fault(*(f"* /*: normalise {way}" for way in ways))
    for names in (texts(seed, 45), texts(seed + 10, 45)):
        flows = {
            f"a{number}": automation(name, caption=caption)
            for number, (name, caption) in enumerate(zip(names[:20], names[20:40], strict=True))
        }
        reports = {f"r{number}": report(name) for number, name in enumerate(names[40:])}
        world.write(team(hook=integration(), **flows, **reports))
        done = world.apply()
        assert done.code == 0, done.out
        again = world.plan()
        assert again.code == 0, again.out
        assert world.run("drift").code == 0


@examples(100)
@given(TEXTS)
def test_a_normal_form_is_its_own(text: str) -> None:
    """It stays as it is, looks like what it was made of, and each step towards it does so, too."""
    form = make_normal_form(text)
    assert make_normal_form(form) == form
    assert looks_same(text, form)
    for step in INVISIBLE:
        assert looks_same(text, step(text))
        assert make_normal_form(step(text)) == form


@examples(100)
@given(TEXTS, TEXTS)
def test_what_looks_same_has_one_normal_form(one: str, other: str) -> None:
    """Two names that one may become the other are one name."""
    assert not looks_same(one, other) or make_normal_form(one) == make_normal_form(other)
