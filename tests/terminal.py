"""What a pseudo-terminal shows."""

from __future__ import annotations

import os


def read_terminal(terminal: int) -> str:
    """All that it shows. Its other end must be closed: one read may give only the first part of it."""
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # Linux says so that the other end is closed; macOS gives nothing
            piece = b""
        if not piece:
            return shown.decode().replace("\r\n", "\n")
        shown += piece
