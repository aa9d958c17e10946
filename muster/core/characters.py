"""Characters that the formats for exchange cannot carry."""

import re

# Beside tab and line feed: what XML 1.0 (section 2.2, Char) or iCalendar (RFC 5545, section 3.1, CONTROL) leaves out.
_NOT_CARRIED = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def carried(text: str) -> str:
    """The text for XML or iCalendar: line ends as line feeds, and each character that neither carries as U+FFFD."""
    return _NOT_CARRIED.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n").replace("\r", "\n"))
