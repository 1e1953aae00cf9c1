"""Configuration as code for Qonversion: YAML in git, `plan` in the pull request, `apply` after the merge."""

__version__ = "0.1.0"
