"""Template tags of the documentation."""
