"""Orders in GraphQL: enums, types, inputs, payloads and error twins."""
