"""Webhooks in: what carriers and PSPs send, verified over its raw bytes, then read."""
