"""Bazaar, a toy shop: how a marketplace uses Marketdesk, over nothing but HTTP."""
