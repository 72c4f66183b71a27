"""A believable small marketplace to try everything with."""
