"""What is where: levels, reservations, movements and what can be promised from them."""
