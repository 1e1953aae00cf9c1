"""The benchmark: `python -m tests.bench`. No part of the test run."""
