"""The stores, their staff and their programs' tokens."""
