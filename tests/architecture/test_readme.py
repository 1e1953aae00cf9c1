"""The README says what the program does."""

from __future__ import annotations

import re
from pathlib import Path

from reconciler.cli.main import run
from reconciler.errors import Exit

from .documents import README
from .imports import ROOT
from .readme import RENEW, exit_codes, help_texts, renewed

LINES = 350
TRY_LINE = (
    "python3 -m venv .venv && .venv/bin/pip install -q . && "
    "(export QONVERSION_SECRET=sk_demo QONVERSION_API_URL=simulator:demo.sqlite; "
    ".venv/bin/reconciler apply --auto-approve examples/quickstart && .venv/bin/reconciler plan examples/quickstart)"
)
TEST_LINE = (
    "python3 -m venv .venv && .venv/bin/pip install -q --require-hashes -r .ci/lock.txt && "
    ".venv/bin/pip install -q --no-deps --no-build-isolation -e . && .venv/bin/pytest"
)


def test_the_readme_is_short() -> None:
    """At most 350 lines. What is longer belongs into a guide."""
    assert len(README.read_text(encoding="utf-8").splitlines()) <= LINES


def test_generated_parts_are_fresh() -> None:
    """The README's table of commands, the help of each command word for word, its manual page and its completions."""
    stale = [name for name, text in renewed().items() if not _is_fresh(ROOT / name, text)]
    assert not stale, f"stale: {', '.join(stale)}; run `{RENEW}`"


def test_every_option_and_command_is_explained() -> None:
    """A command begins with a sentence, and none of its options is a bare name."""
    for name, text in help_texts().items():
        lines = text.splitlines()
        assert lines[0].startswith(f"Usage: {name}")
        assert lines[2].strip(), name
        options = text.partition("Options:\n")[2].splitlines()
        assert all(
            re.search(r"\S {2,}\S", option.strip()) or not option.startswith("  -") for option in _joined(options)
        )


def test_the_table_of_exit_codes_is_that_of_the_program() -> None:
    """Scripts rely on the numbers."""
    assert exit_codes(README.read_text(encoding="utf-8")) == [int(code) for code in Exit]


def test_the_gate_can_read_the_test_line() -> None:
    """.ci/run takes it from the README, so that people copy what the gate runs: one line between the markers."""
    assert _between("tests") == [TEST_LINE]


def test_the_first_line_to_try_stays() -> None:
    """Others copy it from here: one line between the markers."""
    assert _between("try") == [TRY_LINE]


def test_the_configuration_that_the_readme_shows_is_valid(tmp_path: Path) -> None:
    """Its resources and its `reconciler.yaml`, as somebody copies them."""
    shown = re.findall(r"```yaml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    (resources,) = [text for text in shown if text.startswith("integrations:")]
    (alike,) = [text for text in shown if text.startswith("defaults:")]
    (settings,) = [text for text in shown if text.startswith("name:")]
    (tmp_path / "all.yaml").write_text(resources, encoding="utf-8")
    (tmp_path / "alike.yaml").write_text(alike, encoding="utf-8")
    (tmp_path / "reconciler.yaml").write_text(settings, encoding="utf-8")
    assert run(["validate", str(tmp_path)]) == 0


def _is_fresh(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def _between(marker: str) -> list[str]:
    text = README.read_text(encoding="utf-8").partition(f"<!-- {marker} -->")[2].partition(f"<!-- /{marker} -->")[0]
    return [line for line in text.splitlines() if line and not line.startswith("```")]


def _joined(lines: list[str]) -> list[str]:
    """Options whose text begins on a line of its own, put into one."""
    joined: list[str] = []
    for line in lines:
        if line.startswith("  -"):
            joined.append(line)
        elif joined:
            joined[-1] += "  " + line
    return joined
