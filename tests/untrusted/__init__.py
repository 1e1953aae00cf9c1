"""A checkout is data: what a pull request can add to it runs nothing, and speaks for nobody."""
