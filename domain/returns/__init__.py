"""Returns and exchanges: asked for, authorised, received, inspected, refunded."""
