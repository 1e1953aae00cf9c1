"""The program: `reconciler`, and `python -m reconciler`."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the command line. What a script asks for only to see that we are there is answered before anything loads."""
    if sys.argv[1:] == ["--version"]:
        from reconciler import __version__  # noqa: PLC0415

        sys.stdout.write(f"reconciler {__version__}\n")
        return
    from reconciler.cli import main as command_line  # noqa: PLC0415

    command_line.main()


if __name__ == "__main__":
    main()
