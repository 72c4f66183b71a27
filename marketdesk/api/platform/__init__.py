"""The Platform API: the marketplace's own programs push records, ask for customers, and answer about refunds."""
