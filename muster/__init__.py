"""Muster: the system of record for civil-support missions."""

__version__ = "0.1.0"
