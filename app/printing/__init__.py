"""Documents for printers, made from what the domain keeps: HTML and PDF."""
