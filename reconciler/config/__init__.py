"""The config stage: YAML → Desired. It is loaded when one of these names is first used: completion needs none."""

from typing import TYPE_CHECKING, Any

from reconciler.lazy import load as _load  # The name `load` becomes a submodule.

if TYPE_CHECKING:
    from reconciler.config.load import Configuration, Opened, read_configuration
else:

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return _load(f"{__name__}.load:{name}")


__all__ = ["Configuration", "Opened", "read_configuration"]
