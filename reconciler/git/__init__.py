"""Calls git. Nothing else does. The user's repository is read, and never written to."""
