"""Where the baselines get their events."""

STREAM = "raw"
"""Stream of the raw writer."""

CHANNEL = "stock"
"""Channel of Strawberry with broadcaster."""
