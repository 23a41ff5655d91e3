"""Customers in GraphQL: types, inputs, payloads and error twins."""
