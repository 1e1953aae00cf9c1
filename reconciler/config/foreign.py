"""YAML of other programs in the folder of a configuration: it is named, in place of each of its keys."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reconciler.config.merge import ANCHORS, FEWEST, TOP, kind_with
from reconciler.errors import NAMED, Problem
from reconciler.kinds.schema import SETTINGS
from reconciler.text import similar_options
from reconciler.yaml import Document, LocatedMap

PROGRAMS = {
    ("services",): "Docker Compose",
    ("jobs", "on"): "GitHub Actions",
    ("apiVersion", "kind"): "Kubernetes",
    ("site_name",): "MkDocs",
    ("openapi", "paths"): "OpenAPI",
}
"""The keys by which a file is recognised."""
KEY = re.compile(rb"(?m)^([A-Za-z_][\w.-]*):(?=\s|\Z)")


def find_foreign(content: bytes, documents: Sequence[Document], wrong: Sequence[Problem]) -> str:
    """Why a file is no part of a configuration; empty if it is one. `wrong` are the problems of its YAML."""
    maps = [each.value for each in documents if isinstance(each.value, LocatedMap)]
    names = [name for each in maps for name in each]
    names += [found.decode() for found in KEY.findall(content)] if wrong else []
    keys = {name for name in names if not name.startswith(ANCHORS)}
    values = [value for each in maps for value in each.values() if isinstance(value, LocatedMap)]
    if not keys or keys & {*TOP} or any(map(kind_with, (keys, *values))):
        return ""
    program = next((name for needed, name in PROGRAMS.items() if keys.issuperset(needed)), "")
    similar = [key for key in keys if key in SETTINGS["properties"] or similar_options(key, TOP)]
    if program:
        what = f"is a file of {program}"
    elif len(keys) >= FEWEST and len(similar) * FEWEST < len(keys):
        named = sorted(keys)
        what = f"has only keys of another program ({', '.join(named[:NAMED])}{', …' if len(named) > NAMED else ''})"
    else:
        return ""
    return f"{what}; expected it outside of this folder, or below a hidden one"
