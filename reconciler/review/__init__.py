"""The review stage: what a person asks of a plan, beside the plan itself."""
