"""Live updates: the stream between processes, the hub of each, and the subscription fields."""
