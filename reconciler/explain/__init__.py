"""The explain stage: why an address, or a field of it, is as it is, and what the next apply does about it."""
