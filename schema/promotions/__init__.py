"""GraphQL types of promotions, coupons and prices of carts."""
