"""Which destination stands for an integration: proven, or not sent."""
