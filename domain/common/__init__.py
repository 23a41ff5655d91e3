"""Ground that every area stands on: ids, money, errors, transactions, idempotency, paging."""
