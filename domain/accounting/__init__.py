"""The double-entry ledger, invoices and credit notes, receivables, the daily close."""
