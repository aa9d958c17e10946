"""Tags: what is printed on a wristband, a bag or a windscreen, and read aloud on the radio.

A tag is seven characters, shown as `222-24F-6`. It has no 0, O, 1 or I, and its last character is a check,
so that one misread character, or two neighbours exchanged, is noticed.
Source: `reference/ui.md` section 3 for the form; the check is Luhn's algorithm over 32 characters.
"""

from __future__ import annotations

import re

from muster.core.errors import MusterError

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
BASE = len(ALPHABET)
MOST_TAGS = BASE**6
FORM = re.compile(r"[0-9A-Za-z]{3}-[0-9A-Za-z]{3}-[0-9A-Za-z]")  # as printed, read well or not


class TagMisread(MusterError):
    """The check character does not fit: the tag was misread, which is not the same as unknown.

    A refusal is kept for ever. So it repeats only what has a tag's form: all else may be a name, or an agency's reference.
    """

    code = "core.tag_misread"

    def __init__(self, *, text: str) -> None:
        self.text = text if FORM.fullmatch(text) else ""
        what = repr(self.text) if self.text else "what stands in a tag's place"
        super().__init__(f"Tag misread: {what} is not a tag. Scan it again, or type it from the band.")


def check_character(body: str) -> str:
    """The seventh character for six: Luhn's algorithm, base 32, doubling from the right."""
    total = 0
    for place, character in enumerate(reversed(body)):
        value = ALPHABET.index(character) * (2 if place % 2 == 0 else 1)
        total += value // BASE + value % BASE
    return ALPHABET[-total % BASE]


def make_tag(number: int) -> str:
    """The tag of a number from 0 up to `MOST_TAGS`, that end not included; different numbers give different tags."""
    if not 0 <= number < MOST_TAGS:
        raise ValueError(f"tags number from 0 to {MOST_TAGS - 1}, not {number}")
    body = ""
    for _ in range(6):
        number, digit = divmod(number, BASE)
        body = ALPHABET[digit] + body
    return f"{body[:3]}-{body[3:]}-{check_character(body)}"


def parse_tag(text: str) -> str:
    """The tag as printed, from what was scanned or typed: case, spaces and dashes do not matter. Raises TagMisread."""
    bare = "".join(text.split()).replace("-", "").upper()
    if len(bare) != 7 or any(c not in ALPHABET for c in bare) or check_character(bare[:6]) != bare[6]:
        raise TagMisread(text=text)
    return f"{bare[:3]}-{bare[3:6]}-{bare[6]}"
