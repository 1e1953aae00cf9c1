"""The documented Qonversion API v4 as a program of its own; imports nothing else of this package.

In the process: `Simulator(path)` is a WSGI callable. Over HTTP: `reconciler.simulator.server.bind(simulator)`.
"""

from reconciler.simulator.app import Simulator

__all__ = ["Simulator"]
