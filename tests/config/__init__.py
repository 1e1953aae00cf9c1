"""Reading a configuration, as a user sees it."""
