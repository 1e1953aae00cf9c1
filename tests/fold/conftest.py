"""A configuration that is folded, with the proof that nothing else changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from .folding import Fold, folding


@pytest.fixture
def fold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Fold:
    """Folds a configuration, proves that each environment gets the same by that, and that nothing is left to fold."""
    return folding(tmp_path, capsys)
