"""Tests of a configuration, as their author sees them."""
