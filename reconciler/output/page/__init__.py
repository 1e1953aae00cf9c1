"""The page: a template, its style sheet and its script, and the values that are put into it."""
