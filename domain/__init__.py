"""The business: rules, tables, statements and use cases. Knows nothing of HTTP, GraphQL or Redis."""
