"""The room of git: the only one that calls it. The user's repository is looked at, and never written to."""
