"""US dollars in words. Money is kept as whole cents."""

from __future__ import annotations


def usd(cents: int) -> str:
    """Cents as dollars: `$1,512.50`."""
    return f"${cents // 100:,}.{cents % 100:02}"
