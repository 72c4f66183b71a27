"""What was bought: products, orders, items, addresses and tracking."""
