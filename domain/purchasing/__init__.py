"""What is ordered from suppliers: purchase orders, their receipts, and supplier invoices."""
