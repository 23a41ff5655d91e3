"""Gift cards and store credit: balances that change by entries, and never go below zero."""
