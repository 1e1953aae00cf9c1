"""Changes to the user's YAML: a few characters in the right place, everything else kept as it is, byte for byte.

Text in, text out: nothing is read from the disk or written to it. Every edit is read again before it is given.
"""

from reconciler.edit.additions import add_import, add_resource
from reconciler.edit.outcome import Adopted, Edit, Left
from reconciler.edit.values import set_values

__all__ = ["Adopted", "Edit", "Left", "add_import", "add_resource", "set_values"]
