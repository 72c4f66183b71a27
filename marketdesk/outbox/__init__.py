"""Reads events and tells the people whom they concern."""
