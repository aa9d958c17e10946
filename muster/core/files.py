"""Taking in a file from outside: bounded, decoded, and refused in words where it cannot be read."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from muster.core.errors import MusterError

LARGEST_BYTES = 1_000_000


class TooLarge(MusterError):
    """More than may be read at once."""

    code = "core.too_large"
    status = 422

    def __init__(self, *, limit: int) -> None:
        self.limit = limit
        super().__init__(f"The input is larger than {limit:,} bytes. Leave attachments out, or split it.")


class Unreadable(MusterError):
    """The system does not give the file."""

    code = "core.unreadable"
    status = 422

    def __init__(self, *, path: str, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"{path} cannot be read: {reason}. Check its path and who may read it.")


class Unwritable(MusterError):
    """The system does not take the file."""

    code = "core.unwritable"
    status = 422

    def __init__(self, *, path: str, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"{path} cannot be written: {reason}. Check its folder and who may write there.")


class NotUtf8(MusterError):
    """The bytes are no text in UTF-8."""

    code = "core.not_utf8"
    status = 422

    def __init__(self, *, position: int, row: int) -> None:
        self.position, self.row = position, row
        super().__init__(
            f"Line {row} is not text in UTF-8 (byte {position}). Save the file as UTF-8 and try again."
        )


class Malformed(MusterError):
    """The text is neither TOML nor JSON."""

    code = "core.malformed"
    status = 422

    def __init__(self, *, reason: str, row: int | None) -> None:
        self.reason, self.row = reason, row
        place = f"line {row}: " if row else ""
        super().__init__(f"The file cannot be read as TOML or JSON; {place}{reason}. Correct it there.")


def take_in(given: Path | str | bytes, *, largest: int = LARGEST_BYTES) -> str:
    """Give the text of a file, or of bytes already read, of at most `largest` bytes. Raises TooLarge, NotUtf8, Unreadable."""
    if isinstance(given, bytes):
        content = given
    else:
        try:
            with open(given, "rb") as file:
                content = file.read(largest + 1)  # one more than allowed: a pipe may have no end
        except OSError as fault:
            raise Unreadable(path=str(given), reason=(fault.strerror or "unknown").lower()) from None
    if len(content) > largest:
        raise TooLarge(limit=largest)
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as fault:
        raise NotUtf8(position=fault.start, row=content.count(b"\n", 0, fault.start) + 1) from None


def write_text(path: Path, text: str) -> None:
    """Write a file in UTF-8, with the line ends as they are. Raises Unwritable."""
    try:
        path.write_text(text, "utf-8", newline="\n")
    except OSError as fault:
        raise Unwritable(path=str(path), reason=(fault.strerror or "unknown").lower()) from None


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file as it is. Raises Unwritable."""
    try:
        path.write_bytes(content)
    except OSError as fault:
        raise Unwritable(path=str(path), reason=(fault.strerror or "unknown").lower()) from None


def read_data(text: str) -> dict[str, Any]:
    """Read TOML, or JSON where the text begins with a brace. Raises Malformed."""
    try:
        looks_like_json = text.lstrip().startswith(("{", "[{"))
        data = json.loads(text) if looks_like_json else tomllib.loads(text)
    except json.JSONDecodeError as fault:
        raise Malformed(reason=fault.msg.lower(), row=fault.lineno) from None
    except tomllib.TOMLDecodeError as fault:
        reason, _, place = str(fault).partition(" (at ")
        row = re.search(r"line (\d+)", place)
        raise Malformed(reason=reason.lower(), row=int(row[1]) if row else text.count("\n") + 1) from None
    except (RecursionError, ValueError):
        raise Malformed(
            reason="it is nested too deep, or holds a number too long to read", row=None
        ) from None
    if not isinstance(data, dict):
        raise Malformed(reason="it must be one table of named fields", row=1)
    return data
