"""The explain stage: why an address, or a field of it, is as it is, and what the next apply does about it."""

from reconciler.explain.explain import explain
from reconciler.explain.rules import ExplainInput

__all__ = ["ExplainInput", "explain"]
