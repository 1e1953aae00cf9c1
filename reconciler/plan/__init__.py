"""The plan stage: Desired, State and Live → Plan."""

from typing import TYPE_CHECKING

from reconciler.lazy import lazy_submodules

if TYPE_CHECKING:
    from reconciler.plan import approval, build, compare, drift, plan_file, references
else:
    __getattr__ = lazy_submodules(__name__)
