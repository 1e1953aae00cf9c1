"""The documented Qonversion API v4 as a program of its own. It imports nothing else of this package.

In the process: `Simulator(path)` is a WSGI callable. Over HTTP: `reconciler.simulator.server.Server(simulator)`.
What the documents leave open: `simulator.assume({"segments-list": "with-system"})`; see `store.ASSUMPTIONS`.
Faults: `Simulator(path, faults=Faults(["GET /*: status 503, n=1"]))`; `faults` has the grammar.
"""

from reconciler.simulator.app import Simulator
from reconciler.simulator.faults import Faults, RuleError, parse_rules

__all__ = ["Faults", "RuleError", "Simulator", "parse_rules"]
