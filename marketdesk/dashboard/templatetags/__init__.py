"""Template tags of the merchants' pages."""
