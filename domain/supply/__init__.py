"""Goods that are expected: inbound stock, and what is promised to customers against it."""
