"""Merchants, products, customers and orders from a marketplace's files: safe to repeat, clear about bad rows."""

from marketdesk.importing.running import run

__all__ = ["run"]
