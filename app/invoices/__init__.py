"""Invoices and credit notes as PDF, in the language of their order."""
