"""The map of the states, as SVG made here: which state was asked, has decided, declined, or stands on a list.

It is a picture; the table beside it says the same in words. The outlines come from the build hook.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

# Each with its words, in the legend's order.
CATEGORIES = {
    "asked": "asked",
    "decided": "decided",
    "declined": "declined",
    "listed": "on a published list",
    "separate": "a separate operation, not added in",
}
# Two have a pattern as well as a colour, on a tile of 8 by 8, so that the map reads in grey.
PATTERNS = {"declined": "M0 8L8 0M-2 2L2-2M6 10L10 6", "separate": "M1 2h2v2h-2zM5 6h2v2h-2z"}


@dataclass(frozen=True)
class Mark:
    """One line of the legend: a category in use, its words, and a swatch to set before them."""

    category: str
    words: str
    swatch: SafeString


def state_map(
    marked: Mapping[str, str], *, here: str | None, words: Mapping[str, str] | None = None
) -> SafeString:
    """The states, those `marked` (USPS code: category) filled and `here`, if any, outlined.

    `words` says more of a state than its category does: {"MO": "approved"}. What is not drawn (a territory, the exercise's
    ZZ) is named in the map's description, so that nothing marked is lost. One map to a page: its patterns have ids.

    Raises ValueError for a category that there is not: callers choose from CATEGORIES.
    """
    if strange := set(marked.values()) - set(CATEGORIES):
        raise ValueError(f"not a category of the map: {', '.join(sorted(strange))}")
    atlas = _atlas()
    states: dict[str, dict[str, str]] = atlas["states"]
    said = {usps: (words or {}).get(usps) or CATEGORIES[category] for usps, category in marked.items()}
    # Painted later is on top: small states above the borders of large ones, and the outlined one above all.
    order = sorted(states, key=lambda usps: (usps == here, -len(states[usps]["d"])))
    paths = [
        _path(marked.get(usps), states[usps]["d"], f"{states[usps]['name']}: {said.get(usps, 'not marked')}", usps == here)
        for usps in order
    ]  # fmt: skip
    return format_html(
        '<svg class="muster-map" role="img" viewBox="{}"><title>Map of the United States</title>'
        "<desc>{}</desc><defs>{}</defs>{}</svg>",
        atlas["viewbox"],
        _description(said, here, {usps: state["name"] for usps, state in states.items()}),
        _patterns(marked.values()),
        format_html_join("", "{}", ((path,) for path in paths)),
    )


def legend(marked: Mapping[str, str]) -> tuple[Mark, ...]:
    """The categories in use, in the legend's order; the swatches borrow the patterns of the map on the same page."""
    used = set(marked.values())
    return tuple(
        Mark(category=category, words=words, swatch=_swatch(category))
        for category, words in CATEGORIES.items()
        if category in used
    )


def name_of(usps: str) -> str:
    """The state's name; the code itself for what is not drawn."""
    state = _atlas()["states"].get(usps)
    return str(state["name"]) if state else usps


def draws(marked: Iterable[str]) -> bool:
    """Whether any of these is on the map: an exercise's invented state is not."""
    return any(usps in _atlas()["states"] for usps in marked)


@cache
def _atlas() -> Any:
    made = resources.files("muster.web") / "static" / "vendor" / "us-states.json"
    return json.loads(made.read_text("ascii"))


def _path(category: str | None, d: str, title: str, is_here: bool = False) -> SafeString:
    # An attribute, as a style sheet cannot reach a pattern of the page in every browser.
    fill = format_html(' fill="url(#muster-map-{})"', category) if category in PATTERNS else ""
    return format_html(
        '<path class="muster-map__state muster-map__state--{}{}"{} d="{}"><title>{}</title></path>',
        category or "unmarked", " muster-map__state--here" if is_here else "", fill, d, title,
    )  # fmt: skip


def _swatch(category: str) -> SafeString:
    square = _path(category, "M2 2h20v20H2z", CATEGORIES[category])
    return format_html(
        '<svg class="muster-map__swatch" viewBox="0 0 24 24" aria-hidden="true">{}</svg>', square
    )


def _patterns(used: Iterable[str]) -> SafeString:
    return format_html_join(
        "",
        '<pattern id="muster-map-{0}" class="muster-map__pattern muster-map__pattern--{0}" width="8" height="8" '
        'patternUnits="userSpaceOnUse"><path class="muster-map__ground" d="M0 0h8v8H0z"/><path d="{1}"/></pattern>',
        ((category, PATTERNS[category]) for category in sorted(set(used) & set(PATTERNS))),
    )


def _description(said: Mapping[str, str], here: str | None, names: Mapping[str, str]) -> str:
    """What the picture shows, as sentences: each word with its states, the outline, and what is not drawn."""
    drawn = {usps: word for usps, word in said.items() if usps in names}
    sentences = [
        f"{word[:1].upper()}{word[1:]}: {', '.join(sorted(names[usps] for usps in drawn if drawn[usps] == word))}."
        for word in dict.fromkeys(drawn.values())
    ] or ["No state is marked."]
    if here is not None and here in names:
        sentences.append(f"Outlined: {names[here]}.")
    if absent := sorted({*said, *([here] if here else [])} - set(names)):
        sentences.append(
            f"Not drawn: {', '.join(f'{usps} ({said[usps]})' if usps in said else usps for usps in absent)}."
        )
    return " ".join(sentences)
