"""API v3: what merchants' programs of today speak."""
