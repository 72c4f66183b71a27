"""Measurements. `table` is the one of `make bench`; the others are run by hand and look at one thing each."""
