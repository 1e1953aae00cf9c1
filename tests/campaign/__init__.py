"""Random worlds, random faults, random kills, and a hand in the dashboard meanwhile: `python -m tests.campaign`."""
