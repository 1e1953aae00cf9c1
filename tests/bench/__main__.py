"""`python -m tests.bench`: the tool, the lowest bound and its fellows on the same work, side by side in every round.

Prints a Markdown table. By itself it does `--sizes 100,1000,10000 --rounds 5 --latency 20` (milliseconds a request);
`--only plan,apply` takes a part. In place of all that, `--growth` measures what a resource costs at each of the sizes
(`--sizes 1000,10000,100000` takes a quarter of an hour), and `--profile` where the processor time goes. The tool and
each fellow are installed into venvs of their own, which are kept.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from .cases import Bench, Case, startup
from .fellows import PACKAGES, environment, install
from .growth import growth
from .measure import CHECKOUT, Figure, Server, measured
from .sampling import profiles

KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")
FELLOW_ROUNDS = 2
"""Some take minutes; their figures do not need more."""
BOUND = "lowest bound"
EVERY_KIND = 1000
"""The size of which there is a project of all seven kinds, too."""


def run(cases: list[Case], rounds: int, variables: dict[str, str], server: Server, latency: float) -> None:
    """All cases of a round side by side, round after round; the first round warms up and does not count."""
    for number in range(rounds + 1):
        for case in cases:
            for who, each in case.commands.items():
                if each.fellow and number > FELLOW_ROUNDS:
                    continue
                server.steer("latency/0")
                each.before()
                server.steer(f"latency/{latency}")
                cost = measured(each.command, variables, server, CHECKOUT)
                if number:
                    case.costs.setdefault(who, []).append(cost)
            sys.stderr.write(f"round {number} of {rounds}: {case.name}\n")


def table(cases: list[Case]) -> str:
    """The figures as Markdown."""
    lines = ["| work | who | wall s (spread) | CPU s | MiB | requests | of bound |", "|---|---|---|---|---|---|---|"]
    for case in cases:
        figures = {who: Figure(tuple(costs)) for who, costs in case.costs.items()}
        for who, figure in figures.items():
            ratio = "" if who == BOUND else f"{figure.ratio(figures[BOUND]):.2f}"
            lines.append(f"| {case.name} | {who} | {' | '.join(figure.cells())} | {ratio} |")
    return "\n".join(lines)


def main() -> None:
    """Reads the command line, measures, prints."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--sizes", default="100,1000,10000")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--latency", type=float, default=20.0)
    parser.add_argument("--only", default="", help="the beginnings of the names of cases, with commas")
    parser.add_argument("--fellows-up-to", type=int, default=1000, metavar="SIZE", help="0: none")
    parser.add_argument("--venvs", type=Path, default=Path(tempfile.gettempdir()) / "reconciler-bench")
    parser.add_argument("--growth", action="store_true", help="what a resource costs at each size, without latency")
    parser.add_argument("--profile", action="store_true", help="where the processor time goes, without latency")
    asked = parser.parse_args()
    ours = install(asked.venvs, "reconciler", (str(CHECKOUT),), anew=True)
    compared = {} if asked.growth or asked.profile or not asked.fellows_up_to else PACKAGES
    fellows = {name: install(asked.venvs, name, packages) for name, packages in compared.items()}
    server = Server(0)
    variables = {name: os.environ[name] for name in KEPT if name in os.environ} | environment(server.port)
    root = Path(tempfile.mkdtemp())
    try:
        sizes = [int(size) for size in asked.sizes.split(",")]
        if asked.growth or asked.profile:
            report = growth if asked.growth else profiles
            sys.stdout.write(report(root, sizes, server, ours, variables) + "\n")
            return
        cases = [startup(ours)]
        for size in sizes:
            bench = Bench(root, size, server, ours)
            bench.settle(variables)
            invited = fellows if size <= asked.fellows_up_to else {}
            cases += bench.cases([bench.invite(name, programs, variables) for name, programs in invited.items()])
            if size == EVERY_KIND:
                bench = Bench(root, size, server, ours, every=True)
                bench.settle(variables)
                cases += bench.plans_of_every_kind()
        wanted = tuple(asked.only.split(","))
        cases = [case for case in cases if case.name.startswith(wanted)]
        run(cases, asked.rounds, variables, server, asked.latency)
        sys.stdout.write(table(cases) + "\n")
    finally:
        server.close()
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
