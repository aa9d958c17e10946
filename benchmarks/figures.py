"""What every benchmark prints: one line for each figure, or with `--json` one object, beside the limit or the peer of the same run."""

from __future__ import annotations

import json
import sys


def print_figure(
    figure: str, value: float, unit: str, *, against: str, against_value: float, note: str = ""
) -> None:
    """Print one figure. `ratio` is the value over what it stands against: below 1 is inside a limit."""
    told = {
        "figure": figure, "value": round(value, 3), "unit": unit, "against": against, "against_value": against_value,
        "ratio": round(value / against_value, 3), "note": note,
    }  # fmt: skip
    if "--json" in sys.argv:
        print(json.dumps(told))
    else:
        words = f"{figure}: {value:.2f} {unit}, {against} {against_value:g} {unit} (ratio {value / against_value:.2f})"
        print(f"{words}. {note}" if note else words)
