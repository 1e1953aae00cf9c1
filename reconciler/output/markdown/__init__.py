"""A plan, what became of it, and a failure as the comment under a pull request; drift as an issue."""
