"""The README says what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reconciler.errors import Exit

from .imports import ROOT
from .readme import README, RENEW, exit_codes, help_texts, renewed

LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)")
PAGES = sorted([README, *(ROOT / "examples").rglob("README.md")])
TEST_LINE = (
    "python3 -m venv .venv && .venv/bin/pip install -q --require-hashes -r .ci/lock.txt && "
    ".venv/bin/pip install -q --no-deps --no-build-isolation -e . && .venv/bin/pytest"
)


def test_the_help_texts_in_the_readme_are_fresh() -> None:
    """Each command's help stands in it, word for word."""
    text = README.read_text(encoding="utf-8")
    assert renewed(text) == text, f"the help texts are stale: run `{RENEW}`"
    assert all(f"### `{name}`" in text for name in help_texts())


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


def test_the_test_line_can_be_read_by_the_gate() -> None:
    """.ci/run takes it from the README, so that what people copy is what is run: one line between the markers."""
    block = README.read_text(encoding="utf-8").partition("<!-- tests -->")[2].partition("<!-- /tests -->")[0]
    lines = [line for line in block.splitlines() if line and not line.startswith("```")]
    assert lines == [TEST_LINE]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_to_files_lead_somewhere(page: Path) -> None:
    """Every file that is linked to exists."""
    links = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]
    broken = [link for link in links if not (page.parent / link).exists()]
    assert not broken


def _joined(lines: list[str]) -> list[str]:
    """Options whose text begins on a line of its own, put into one."""
    joined: list[str] = []
    for line in lines:
        if line.startswith("  -"):
            joined.append(line)
        elif joined:
            joined[-1] += "  " + line
    return joined
