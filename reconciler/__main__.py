"""The program: `reconciler`, and `python -m reconciler`."""

from __future__ import annotations

import gc
import os
import sys

RARELY = (200_000, 20, 100)
SWITCH_SECONDS = 0.000_5


def main() -> None:
    """Runs the command line. What a script asks for only to see that we are there is answered before anything loads."""
    if sys.argv[1:] == ["--version"]:
        from reconciler import __version__  # noqa: PLC0415

        try:
            os.write(1, f"reconciler {__version__}\n".encode())
        except OSError as error:
            sys.exit(f"error: stdout cannot be written ({error.strerror})")
        return
    _leave_current_folder()
    # A run makes much that it keeps and little garbage: to look for it after every 700 values costs a tenth of a plan.
    gc.set_threshold(*RARELY)
    # While the YAML is read, each page that arrives would otherwise wait ten times as long until the next is asked for.
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        from reconciler.cli import main as command_line  # noqa: PLC0415

        command_line.main()
    except KeyboardInterrupt:
        # While modules load, or once more while it is told that the run was interrupted.
        os.write(2, b"interrupted\n")
        os._exit(1)


def _leave_current_folder() -> None:
    """`python -m` looks for modules in the current folder first, and that may be a checkout: only if we are in it."""
    current = os.getcwd()  # noqa: PTH109 - as it stands in the path
    if sys.path[:1] in ([""], [current]) and os.path.dirname(os.path.dirname(os.path.abspath(__file__))) != current:  # noqa: PTH100, PTH120 - as above
        del sys.path[0]


if __name__ == "__main__":
    main()
