"""Money that goes back to the customer, exactly once."""
