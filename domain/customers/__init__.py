"""One record per customer over all channels."""
