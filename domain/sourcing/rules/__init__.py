"""What operations say about which locations serve which orders, as data: versioned and dated."""
