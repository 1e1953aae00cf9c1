"""The plan stage: Desired, State and Live → Plan."""

from typing import TYPE_CHECKING

from reconciler.lazy import import_lazily

if TYPE_CHECKING:
    from reconciler.plan import approval, build, compare, drift, plan_file, references
else:
    __getattr__ = import_lazily(__name__)
