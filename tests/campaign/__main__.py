"""The campaign by hand: `python -m tests.campaign --seeds 1-2000 --stores file,git --jobs 2`."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from .haste import hasten

    hasten()
    from .campaign import main

    main()
