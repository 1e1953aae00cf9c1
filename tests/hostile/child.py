"""Runs the command line within limits of the system and leaves what it took: `python child.py REPORT ARGUMENT…`."""

from __future__ import annotations

import json
import re
import resource
import sys
from pathlib import Path

ADDRESSES = 2_000_000_000
SECONDS = 60
"""Of the processor: whatever runs away is killed by the system, on a slow machine too."""


def peak() -> int:
    """Bytes at the most. Linux counts for `ru_maxrss` what the parent had, too."""
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="ascii")) if status.exists() else None
    return 1024 * int(found[1]) if found else 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> int:
    """The exit code of the command."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    from reconciler.cli.main import run  # noqa: PLC0415 - within the limits

    code = run(sys.argv[2:])
    usage = resource.getrusage(resource.RUSAGE_SELF)
    report = {"peak": peak(), "seconds": usage.ru_utime + usage.ru_stime}
    Path(sys.argv[1]).write_text(json.dumps(report), encoding="ascii")
    return code


if __name__ == "__main__":
    sys.exit(main())
