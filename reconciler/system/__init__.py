"""The machine that this runs on: its files and its programs."""
