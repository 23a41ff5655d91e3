"""Webhooks in: what carriers send, verified over its raw bytes, then read."""
