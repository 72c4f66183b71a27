"""The platform support team's door."""
