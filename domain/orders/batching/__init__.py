"""Orders decided in batches: many orders, one transaction, few statements (ADR 0024)."""
