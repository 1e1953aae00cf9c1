"""Hosts of repositories, GitHub and GitLab: the one comment that is kept under a pull request, and the one issue.

`ci` reads where a run is from the variables that their runners set, `forge` knows the APIs, and `comments` keeps the
comment and the issue of an environment, whichever host it is on.
"""
