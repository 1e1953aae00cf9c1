"""The program: `reconciler`, and `python -m reconciler`."""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from io import TextIOWrapper

from reconciler import __version__


def main() -> None:
    """Runs the command line. `--version` is answered before anything else is imported."""
    reopen_streams()
    if sys.argv[1:] == ["--version"]:
        try:
            os.write(1, f"reconciler {__version__}\n".encode())
        except OSError as error:
            sys.exit(f"error: stdout cannot be written ({error.strerror})")
        return
    # `python -m` looks for modules in the current folder first, and that may be a checkout: it stays if we are in it.
    current = os.getcwd()
    if sys.path[:1] in ([""], [current]) and os.path.dirname(os.path.dirname(os.path.abspath(__file__))) != current:
        del sys.path[0]
    hear_endings()
    sys.unraisablehook = _raise_again
    # A run makes much that it keeps and few cycles: to look for those after every 700 values costs a tenth of a plan.
    gc.set_threshold(1_000_000, 20, 100)
    # While the YAML is read, each page that arrives would otherwise wait ten times as long until the next is asked for.
    sys.setswitchinterval(0.000_5)
    try:
        from reconciler.cli import main as command_line  # noqa: PLC0415 - once the current folder is out of the path

        command_line.main()
    except KeyboardInterrupt:
        # While modules load, or a second time while the first one is reported.
        os.write(2, b"interrupted\n")
        os._exit(1)


def hear_endings() -> None:
    """Let the signals that end a process raise KeyboardInterrupt as Ctrl-C does, but those that the caller ignores."""
    # It imports `enum`, which takes longer than all that `--version` does.
    signal = import_module("signal")
    for name in ("SIGTERM", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)  # SIGHUP is of POSIX, and SIGBREAK of Windows
        if number and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


def _raise_again(dropped: sys.UnraisableHookArgs) -> None:
    """Python drops an exception in a destructor, and in a callback such as the import system has: a signal would be
    lost. It raises again a moment later, wherever the main thread is then."""
    if not issubclass(dropped.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(dropped)
        return
    signal, threads, sleep = import_module("signal"), import_module("_thread"), import_module("time").sleep
    heard = [each for each in signal.valid_signals() if signal.getsignal(each) is signal.default_int_handler]
    main_thread = threads.get_ident()

    def interrupt() -> None:
        sleep(0.01)
        # Windows has no way to wake the main thread, which waits in short steps.
        if hasattr(signal, "pthread_kill"):
            signal.pthread_kill(main_thread, heard[0])
        else:
            signal.raise_signal(heard[0])

    if heard:
        threads.start_new_thread(interrupt, ())


def reopen_streams() -> None:
    """Opens standard streams that the caller has closed, or the next file to be opened would take their place.

    They are open for reading only and empty, so a write of data fails and is an error. What is no terminal gets the
    same bytes on every system, UTF-8 without CR, unless PYTHONIOENCODING names an encoding.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # It gets the lowest number that is free, which is this one.
            os.open(os.devnull, os.O_RDONLY)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and not (stream.isatty() or os.environ.get("PYTHONIOENCODING")):
            stream.reconfigure(encoding="utf-8", errors=stream.errors, newline="\n")


if __name__ == "__main__":
    main()
