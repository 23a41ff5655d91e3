"""Returns as clients see them."""
