"""What each command does: the only place that strings stages together."""
