"""`python -m tests.golden --write` renews the golden files, and takes those away that nothing makes any more.

With names of forms after it, only those are renewed.
"""

from __future__ import annotations

import sys

from .forms import FOLDER, RENEW, every, made, path_of

if sys.argv[1:2] != ["--write"]:
    raise SystemExit(f"usage: {RENEW} [FORM…]")
chosen = sys.argv[2:]
wanted = {path_of(form, case): (form, case) for form, case in every()}
for path, (form, case) in wanted.items():
    if chosen and form not in chosen:
        continue
    path.parent.mkdir(exist_ok=True)
    path.write_text(made(form, case), encoding="utf-8", newline="")
for path in FOLDER.glob("*/*.*"):
    if path not in wanted and path.parent.name != "__pycache__":
        path.unlink()
