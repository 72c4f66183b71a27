"""The merchant's door."""
