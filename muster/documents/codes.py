"""QR codes drawn as SVG, level M. Of a tag, the tag alone and no address, so that a scanner types what stands beside the code."""

from __future__ import annotations

from itertools import groupby

import qrcode
from qrcode.constants import ERROR_CORRECT_M

QUIET = 4  # modules of white around a code, as ISO/IEC 18004 asks


def qr_svg(text: str) -> str:
    """The code of a text as an SVG of one path, its quiet zone included. One module is one unit."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=QUIET)
    code.add_data(text)
    code.make(fit=True)
    rows = code.get_matrix()
    path = "".join(
        f"M{x} {y}h{length}v1h-{length}z" for y, row in enumerate(rows) for x, length in _dark_runs(row)
    )
    size = len(rows)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges"><path d="{path}"/></svg>'


def _dark_runs(row: list[bool]) -> list[tuple[int, int]]:
    """Where dark modules stand beside one another in a row: the first one's place, and how many."""
    found, x = [], 0
    for dark, run in groupby(row):
        length = len(list(run))
        if dark:
            found.append((x, length))
        x += length
    return found
