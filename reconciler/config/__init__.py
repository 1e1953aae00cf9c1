"""The config stage: YAML → Desired."""

from reconciler.config.load import Configuration, read_configuration

__all__ = ["Configuration", "read_configuration"]
