"""In which line of a JSON text each value stands, by paths such as `moves[3].load`."""

from __future__ import annotations

import json
import re

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')


def lines_by_path(text: str) -> dict[str, int]:
    """The line of every value of a text that is JSON, counted from 1; items of a list are counted from 1 as well."""
    lines: dict[str, int] = {}
    open_: list[
        tuple[str, int]
    ] = []  # the path of each table or list that is not closed, and how many items a list had
    key, row, read_to = "", 1, 0
    tokens = list(TOKEN.finditer(text))
    for n, found in enumerate(tokens):
        token = found[0]
        row += text.count("\n", read_to, found.start())
        read_to = found.start()
        if token in "]}":
            open_.pop()
        elif token in ":,":
            continue
        elif n + 1 < len(tokens) and tokens[n + 1][0] == ":":
            key = json.loads(token)
        else:
            path = key
            if open_:
                outer, items = open_[-1]
                if items >= 0:
                    open_[-1] = (outer, items + 1)
                    path = f"{outer}[{items + 1}]"
                else:
                    path = f"{outer}.{key}" if outer else key
            lines[path] = row
            if token in "[{":
                open_.append((path, 0 if token == "[" else -1))
    return lines
