"""The documented Qonversion API v4 as a program of its own. It imports nothing else of this package.

In the process: `Simulator(path)` is a WSGI callable. Over HTTP: `reconciler.simulator.server.bind(simulator)`.
Faults: `Simulator(path, faults=Faults(["GET /*: status 503, n=1"]))`; `grammar` has the grammar.
"""

from reconciler.simulator.app import Simulator
from reconciler.simulator.faults import Faults
from reconciler.simulator.grammar import rules_in
from reconciler.simulator.rules import RuleError

__all__ = ["Faults", "RuleError", "Simulator", "rules_in"]
