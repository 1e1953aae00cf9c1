"""Renderers: each shows the same values in its own way, and none decides anything."""
