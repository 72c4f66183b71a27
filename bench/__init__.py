"""Measurements, by hand: none of them is part of the tests."""
