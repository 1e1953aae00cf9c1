"""The config stage: YAML → Desired. These modules are imported when first used."""

from typing import TYPE_CHECKING

from reconciler.lazy import import_lazily

if TYPE_CHECKING:
    from reconciler.config import defaults, files, for_each, locations
else:
    __getattr__ = import_lazily(__name__)
