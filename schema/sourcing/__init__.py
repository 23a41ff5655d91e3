"""Sourcing in GraphQL: rule sets, their types, inputs, payloads and error twins."""
