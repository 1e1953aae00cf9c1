"""The simulator, served on this machine."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from reconciler.api.transport import open_simulator
from reconciler.commands.session import parse_moment
from reconciler.errors import WrongUsage
from reconciler.simulator import Faults, RuleError, Simulator, parse_rules
from reconciler.simulator.app import EXAMPLES, FIRST
from reconciler.simulator.server import Server
from reconciler.simulator.store import ASSUMPTIONS
from reconciler.system import Unreadable, read_regular

__all__ = ["ASSUMPTIONS"]
LARGEST_RULES = 10_000_000


@contextmanager
def open_server(
    data: Path | None,
    host: str,
    port: int,
    log: Path | None,
    now: str | None,
    *,
    bare: bool,
    examples: bool,
    assumptions: Mapping[str, str],
    **faults: Any,
) -> Iterator[tuple[Server, Sequence[str]]]:
    """A server that is ready to run, and a line for each fault. WrongUsage if an argument or the port cannot be used.

    `data`: the file of its data, None for one that is removed at the end. `log`: the file that gets a JSON line for
    each request. `now` is the time at the start, ISO 8601; None for the machine's. `bare`: without what a new project
    begins with; `examples`: with an object of each kind that has no destination. `assumptions`: the answers to what the
    documents leave open; the data keep the others. `faults`: see `read_faults`.
    """
    with ExitStack() as stack:
        data = data or Path(stack.enter_context(tempfile.TemporaryDirectory())) / "simulator.sqlite"
        if not data.parent.is_dir():
            raise WrongUsage(f"{data.parent} does not exist", hint="name a file in a folder that does")
        lines = stack.enter_context(log.open("a", encoding="utf-8", newline="\n")) if log else None
        moment, rules = parse_moment(now, "--now") if now is not None else None, read_faults(**faults)
        simulator = stack.enter_context(open_simulator(str(data), moment, bare=True, log=lines, faults=rules))
        simulator.assume(assumptions)
        simulator.seed((() if bare else FIRST) + (EXAMPLES if examples else ()))
        yield stack.enter_context(_listen(simulator, host, port)), list(rules.describe())


def _listen(simulator: Simulator, host: str, port: int) -> Server:
    try:
        return Server(simulator, host=host, port=port)
    except OSError as error:
        raise WrongUsage(f"cannot listen on {host}:{port}: {error.strerror}", hint="another --port") from error


def read_faults(rules: Sequence[str], rule_file: Path | None, seed: int) -> Faults:
    """The rules of the file, then those of the command line. WrongUsage if one cannot be read."""
    try:
        filed = read_regular(rule_file, LARGEST_RULES).decode("utf-8").splitlines() if rule_file else []
        return Faults([*parse_rules(filed, str(rule_file)), *rules], seed=seed)
    except RuleError as error:
        raise WrongUsage(f"a fault cannot be read: {error}", hint="reconciler simulate --help has examples") from error
    except UnicodeDecodeError as error:
        raise WrongUsage(f"{rule_file} is no UTF-8 text: {error}") from error
    except Unreadable as error:
        raise WrongUsage(f"{rule_file}: {error}") from error
