"""The apply stage: Plan → ApplyReport."""
