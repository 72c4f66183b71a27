"""Merchants' programs: the apps that may act for a store, and the tokens that they carry."""
