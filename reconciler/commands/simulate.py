"""The simulator, served on this machine."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.api.transport import open_simulator
from reconciler.commands.session import parse_moment
from reconciler.errors import WrongUsage
from reconciler.simulator import Faults, RuleError, rules_in
from reconciler.simulator.app import EXAMPLES, FIRST
from reconciler.simulator.server import Server
from reconciler.simulator.store import ASSUMPTIONS
from reconciler.system import Unreadable, read_regular

__all__ = ["ASSUMPTIONS"]
LARGEST_RULES = 10_000_000


@dataclass(frozen=True, slots=True)
class SimulatorRequest:
    """What the command line asks of the simulator.

    `data`: the file of its data, None for one that is removed at the end. `log`: the file that gets a JSON line for
    each request. `bare`: without what a new project begins with; `examples`: with an object of each kind that has no
    destination. `rules` and `rule_file` are the faults. `now` is the time at the start, ISO 8601; None for the
    machine's. `assumptions`: what is taken for true where the documents leave it open; the data keep the others.
    """

    data: Path | None
    host: str
    port: int
    log: Path | None
    bare: bool
    examples: bool
    rules: tuple[str, ...]
    rule_file: Path | None
    seed: int
    now: str | None = None
    assumptions: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def open_server(request: SimulatorRequest) -> Iterator[tuple[Server, Sequence[str]]]:
    """A server that is ready to run, and a line on each fault. WrongUsage if the request cannot be met."""
    with ExitStack() as stack:
        data = request.data or Path(stack.enter_context(tempfile.TemporaryDirectory())) / "simulator.sqlite"
        if not data.parent.is_dir():
            raise WrongUsage(f"{data.parent} does not exist", hint="name a file in a folder that does")
        lines = stack.enter_context(request.log.open("a", encoding="utf-8")) if request.log else None
        moment = parse_moment(request.now, "--now") if request.now is not None else None
        opened = open_simulator(str(data), moment, bare=True, log=lines, faults=_faults(request))
        simulator = stack.enter_context(opened)
        simulator.assume(request.assumptions)
        simulator.seed((() if request.bare else FIRST) + (EXAMPLES if request.examples else ()))
        try:
            server = stack.enter_context(Server(simulator, host=request.host, port=request.port))
        except OSError as error:
            where = f"{request.host}:{request.port}"
            raise WrongUsage(f"cannot listen on {where}: {error.strerror}", hint="another --port") from error
        yield server, list(simulator.faults.lines())


def _faults(request: SimulatorRequest) -> Faults:
    """The rules of the file, then those of the command line."""
    file = request.rule_file
    try:
        filed = rules_in(read_regular(file, LARGEST_RULES).decode("utf-8").splitlines(), str(file)) if file else []
        return Faults([*filed, *request.rules], seed=request.seed)
    except RuleError as error:
        raise WrongUsage(f"a fault cannot be read: {error}", hint="reconciler simulate --help has examples") from error
    except UnicodeDecodeError as error:
        raise WrongUsage(f"{file} is no UTF-8 text: {error}") from error
    except Unreadable as error:
        raise WrongUsage(f"{file}: {error}") from error
