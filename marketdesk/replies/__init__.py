"""Reply templates by category and language."""
