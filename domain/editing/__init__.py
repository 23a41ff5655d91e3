"""Editing what was ordered after it was placed: units added, raised, lowered and removed."""
