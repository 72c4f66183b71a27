"""API v2: the wire format that merchants' existing clients speak."""
