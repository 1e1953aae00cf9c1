"""The review stage: what a plan means to people, why a value is as it is, and what does not deliver."""
