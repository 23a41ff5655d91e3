"""The business: rules, tables, statements and use cases. No HTTP, no GraphQL, no Redis."""
