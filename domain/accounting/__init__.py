"""The double-entry ledger, invoices and credit notes, what customers owe, and the daily close."""
