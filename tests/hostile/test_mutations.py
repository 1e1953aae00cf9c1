"""Thousands of broken files: whatever stands in one, reading it ends with its problems or with what it wants.

By hand, with other seeds and for longer: `python -m tests.hostile.test_mutations FIRST COUNT`.
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

import pytest
from size import seeds

from reconciler.config.load import Configuration
from reconciler.errors import ConfigurationInvalid

ROOT = Path(__file__).parents[2]
EXAMPLES = tuple(path.read_bytes() for path in sorted((ROOT / "examples").rglob("*.yaml")))
PIECES = (
    *(b"\n", b"  ", b"- ", b": ", b"? ", b"{", b"}", b"[", b"]", b",", b"&a ", b"*a ", b"<<: *a\n", b"!!int ", b"! "),
    *(b"!x ", b"'", b'"', b"|\n", b">-\n", b"#", b"---\n", b"...\n", b"%YAML 1.2\n", b"\t", b"\\x00", b"\\ud800"),
    *(b"${var.a}", b"${", b"$${", b"null", b"~", b"1e999", b".nan", b"0x" + b"f" * 40, b"9" * 600, b"true", b"-0"),
    *("\u2028".encode(), "\ufeff".encode(), b"\xff", b"\xed\xa0\x80", b"\x00", "日本".encode(), b"\r", b"x" * 300),
    *(b"lifecycle: {ignore_changes: [a.b, {field: x}]}", b"moved: [{from: report.a, to: report.b}]\n", b"imports:\n"),
    *(b"removed: [{from: [], destroy: 1}]\n", b"destinations: {integration: [x]}", b"x-a: &a\n", b"environments:\n"),
    *(b"state: {store: git, path: x}\n", b"variables: {a: 1, b: }\n", b"secret_env: sk_abcdefghijklmnopqrstuv"),
)
FOUND = (b"integrations:\n  a: !x\n", b"integrations:\n  a: ${var.x}\n")
"""What once made reading fail: found by atheris."""


def mutated(chance: random.Random) -> bytes:
    """An example with some pieces put in, taken out, doubled, moved or overwritten."""
    text = bytearray(chance.choice(EXAMPLES))
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(text) + 1)
        end = min(len(text), at + chance.choice((1, 3, 20, 200)))
        match chance.randrange(6):
            case 0:
                text[at:at] = chance.choice(PIECES)
            case 1:
                text[at:end] = chance.choice(PIECES)
            case 2:
                del text[at:end]
            case 3:
                text[at:at] = text[at:end] * chance.choice((1, 2, 30))
            case 4:
                other = chance.choice(EXAMPLES)
                start = chance.randrange(len(other))
                text[at:end] = other[start : start + 100]
            case 5:
                text[at:end] = bytes(chance.randrange(256) for _ in range(3))
    return bytes(text)


def read_it(folder: Path, content: bytes, settings: bytes) -> None:
    """Nothing but ConfigurationInvalid is raised, and its problems are of these files."""
    (folder / "main.yaml").write_bytes(content)
    (folder / "reconciler.yaml").write_bytes(settings)
    try:
        Configuration(folder).check()
    except ConfigurationInvalid as invalid:
        assert invalid.problems
        assert {Path(each.file).name for each in invalid.problems} <= {"main.yaml", "reconciler.yaml"}


@pytest.mark.parametrize("seed", seeds(8, every_day=2))
def test_mutated_files_end_with_problems(tmp_path: Path, seed: int) -> None:
    """250 a seed: a file of resources, and every third time the settings too."""
    print(f"seed {seed}")  # noqa: T201
    chance = random.Random(seed)  # noqa: S311
    for number in range(250):
        content, settings = mutated(chance), mutated(chance) if number % 3 == 0 else b""
        try:
            read_it(tmp_path, content, settings)
        except Exception as error:  # noqa: BLE001 - whatever it is, with what made it
            pytest.fail(f"seed {seed}, number {number}: {error!r}\n{content!r}\n{settings!r}")


@pytest.mark.parametrize("content", FOUND)
def test_what_was_found_once(tmp_path: Path, content: bytes) -> None:
    """As a file of resources and as the settings."""
    read_it(tmp_path, content, content)


def main(first: int, count: int) -> None:
    """Runs other seeds and prints what fails."""
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, first + count):
            chance = random.Random(seed)  # noqa: S311
            content, settings = mutated(chance), mutated(chance) if seed % 3 == 0 else b""
            try:
                read_it(Path(folder), content, settings)
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                print(seed, repr(error), content, settings)  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
