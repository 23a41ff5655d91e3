"""The GraphQL contract: types, inputs, payloads and error unions, and the SDL snapshot."""
