"""What each form of a plan looks like, word for word: `python -m tests.golden --write` renews the files."""
