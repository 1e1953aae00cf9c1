"""The config stage: YAML → Desired."""
