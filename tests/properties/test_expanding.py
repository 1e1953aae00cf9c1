"""What a configuration comes to: the same, however few words said it, and it comes to itself."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from random import Random

from apply.random_worlds import Project
from campaign.team import ELSEWHERE, HERE, in_few_words
from hypothesis import given
from hypothesis import strategies as st
from world import Json

from reconciler.commands.validate import expand
from reconciler.model.inputs import Desired
from reconciler.output.explain import render_expanded

from .examples import examples


def said(desired: Desired) -> Json:
    """What a plan is made of."""
    blocks = [
        [(each.source, each.target) for each in desired.moved],
        [(each.target, each.id) for each in desired.imports],
    ]
    return {"blocks": blocks} | {address: [each.fields, each.lifecycle] for address, each in desired.resources.items()}


@examples(100)
@given(chance=st.randoms(use_true_random=False))
def test_few_words_come_to_what_is_written_out(chance: Random, tmp_path: Path) -> None:
    """A project with `for_each`, `key` and `only_in` wants what it wants without them; what `expand` prints of it
    wants that too, and prints the same of itself."""
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    project = Project(chance)
    for _ in range(chance.randint(0, 2)):
        project.edit()

    def wanted(text: str, environments: tuple[str, ...] = ()) -> Desired:
        (folder / "main.yaml").write_text(text, encoding="utf-8")
        named = {name: {} for name in environments}
        (folder / "reconciler.yaml").write_text(json.dumps({"environments": named} if named else {}), encoding="utf-8")
        return expand(folder, HERE, ())

    plain = wanted(json.dumps(project.wanted, ensure_ascii=False).replace("${", "$${"))
    few = wanted(json.dumps(in_few_words(project.wanted, chance), ensure_ascii=False), (HERE, ELSEWHERE))
    assert said(few) == said(plain)
    printed = render_expanded(few, folder, "text")
    again = wanted(printed)
    assert said(again) == said(plain)
    assert without_places(render_expanded(again, folder, "text")) == without_places(printed)


def without_places(text: str) -> list[str]:
    """The lines without their last comment."""
    return [line.rpartition("  # ")[0] or line for line in text.splitlines()]
