"""What holds for any input, tried by hypothesis with inputs of its own making.

The same inputs in every run, so that a red gate is red on every machine. `pytest tests/properties` tries a fifth of
what `pytest --exhaustive tests/properties` tries, and the gate tries that. By hand, with other inputs each time, and
here fifty times as many as in the gate: `PROPERTIES=50 pytest tests/properties`. What fails is made small and printed
with a line `@reproduce_failure(…)`; put above the test, it runs that very input again.
"""
