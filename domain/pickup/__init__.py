"""Click & collect: waiting goods, codes, deadlines, and what else the customer may choose."""
