"""Renderers: each shows the same values in its own way, and none decides anything. Each is imported when first used."""

from typing import TYPE_CHECKING

from reconciler.lazy import lazy_submodules

if TYPE_CHECKING:
    from reconciler.output import (
        compared,
        document,
        environments,
        expanded,
        explain,
        findings,
        graph,
        groups,
        listings,
        markdown,
        progress,
        schemas,
        tests,
        text,
    )
else:
    __getattr__ = lazy_submodules(__name__)
