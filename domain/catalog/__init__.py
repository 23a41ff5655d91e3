"""What is sold: products, variants, kits, channels, prices and tax rates."""
