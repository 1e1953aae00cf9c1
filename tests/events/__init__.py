"""The events of a run, for programs."""
