"""GitHub and GitLab: the one comment that is kept under a pull request, and the one issue.

`ci` reads the run from the variables that runners set, `forge` knows the APIs, and `comments` keeps the comment and the
issue of an environment, whichever forge it is on.
"""
