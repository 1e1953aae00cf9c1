"""The saved stage: a plan in a file, bound to what it was made from."""

from reconciler.saved.file import SavedPlan, bound, check_binding, read_plan, write_plan

__all__ = ["SavedPlan", "bound", "check_binding", "read_plan", "write_plan"]
