"""Tells the marketplace's programs of events: signed, at least once, in order for each ticket."""
