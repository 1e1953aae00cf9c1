"""The table of libraries and licences in CONTRIBUTING: `python -m tests.architecture.licences --write` renews it.

It has what the command needs at run time, with the extras for users. The licences are those that the packages installed
here declare.
"""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .imports import ROOT

RENEW = "python -m tests.architecture.licences --write"
CONTRIBUTING = ROOT / ".github" / "CONTRIBUTING.md"
LOCK = ROOT / ".github" / "actions" / "reconciler" / "lock.txt"
BEGIN, END = "<!-- licences -->\n", "<!-- /licences -->"
SPDX = {
    "MIT License": "MIT",
    "Apache Software License": "Apache-2.0",
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD License": "BSD",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Zope Public License": "ZPL-2.1",
}
"""Classifiers of packages that declare no expression. waitress names the version in its licence file."""


FOR_DEVELOPMENT = ("browser", "test", "dev")
OLDEST = {"extra": "", "python_version": "3.11", "python_full_version": "3.11.0"}
"""The Python that needs the most of them."""


def locked() -> set[str]:
    """The packages of the lock."""
    return set(re.findall(r"(?m)^([a-z0-9-]+)==", LOCK.read_text(encoding="utf-8")))


def direct() -> dict[str, str]:
    """What pyproject.toml asks for at run time → the extra for users that asks for it, or nothing."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {name: asked for name, asked in project["optional-dependencies"].items() if name not in FOR_DEVELOPMENT}
    lists = {"": project["dependencies"], **extras}
    return {canonicalize_name(Requirement(each).name): extra for extra, asked in lists.items() for each in asked}


def licence(name: str) -> str:
    """What a package declares: an expression, a classifier, or a text."""
    metadata = distribution(name).metadata
    if expression := metadata.get("License-Expression"):
        return str(expression)
    classifiers = [each for each in metadata.get_all("Classifier") or [] if each.startswith("License ::")]
    declared = classifiers[0].rpartition(" :: ")[2] if classifiers else str(metadata.get("License"))
    return SPDX.get(declared, declared)


def brought(name: str) -> set[str]:
    """All that a package brings along."""
    found: set[str] = set()
    for text in distribution(name).requires or []:
        asked = Requirement(text)
        other = canonicalize_name(asked.name)
        if other not in found and (asked.marker is None or asked.marker.evaluate(OLDEST)):
            found |= {other} | brought(other)
    return found


def table() -> str:
    """One row for each library, with what it brings along."""
    rows = []
    for name, extra in sorted(direct().items()):
        others = [f"{other} ({licence(other)})" for other in sorted(brought(name))]
        library = f"{name}, the extra `{extra}`" if extra else name
        rows.append(f"| {library} | {licence(name)} | {', '.join(others) or 'nothing'} |")
    return "\n".join(["| library | licence | brings along |", "|---|---|---|", *rows, ""])


def renewed() -> str:
    """CONTRIBUTING with a fresh table."""
    before, begin, rest = CONTRIBUTING.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    assert begin and end
    return before + begin + table() + end + after


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        raise SystemExit(f"usage: {RENEW}")
    CONTRIBUTING.write_text(renewed(), encoding="utf-8")
