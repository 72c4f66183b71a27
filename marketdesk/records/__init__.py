"""What the marketplace tells us: merchants, products, customers and orders, however they arrive."""
