"""The config stage: YAML → Desired."""

from reconciler.config.load import Configuration, Opened, read_configuration

__all__ = ["Configuration", "Opened", "read_configuration"]
