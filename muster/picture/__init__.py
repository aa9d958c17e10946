"""Totals as of any moment, as known at any later one."""
