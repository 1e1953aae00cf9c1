"""What is asserted in a module beside the tests is explained as in them."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(f"{__package__}.as_wanted")
