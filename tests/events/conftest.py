"""Several environments, as in tests/environments."""

from environments.conftest import fleet

__all__ = ["fleet"]
