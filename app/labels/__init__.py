"""Labels as documents: drawn as PDF or written in ZPL, and served."""
