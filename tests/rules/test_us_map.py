"""The map of the states: every state has a shape, and what is marked is said in words too."""

import re
from xml.etree import ElementTree

import pytest

from muster.web.csp import HEADERS
from muster.web.us_map import CATEGORIES, legend, state_map

CODES = (
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA "
    "RI SC SD TN TX UT VT VA WA WV WI WY"
)
STATES = set(CODES.split())


def read(svg):
    """The map as a tree; a fault in its markup fails here."""
    return ElementTree.fromstring(svg)


def shapes(svg):
    """State's name: its path, in the order in which they are painted."""
    return {shape.findtext("title").partition(":")[0]: shape for shape in read(svg).findall("path")}


def titles(svg):
    return {name: shape.findtext("title") for name, shape in shapes(svg).items()}


def rings(shape):
    """A path back to its rings of points."""
    for ring in re.findall(r"M([^z]+)z", shape.get("d")):
        numbers = [int(number) for number in re.findall(r"[+-]?\d+", ring)]
        x, y = numbers[:2]
        points = [(x, y)]
        for dx, dy in zip(numbers[2::2], numbers[3::2], strict=True):
            x, y = x + dx, y + dy
            points.append((x, y))
        yield points


def corners(shape):
    return {point for ring in rings(shape) for point in ring}


def area(shape):
    """Square units, by the shoelace rule; holes and islands come out by their sense of turning."""
    return abs(
        sum(
            x1 * y2 - x2 * y1
            for ring in rings(shape)
            for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True)
        )
        / 2
    )


def test_each_of_the_fifty_states_and_the_district_has_a_shape():
    drawn = {
        usps: name
        for usps in STATES
        for name, title in titles(state_map({usps: "asked"}, here=None)).items()
        if title == f"{name}: asked"
    }

    assert len(STATES) == 51
    assert set(drawn) == STATES
    assert len(set(drawn.values())) == 51
    assert (drawn["MO"], drawn["MN"], drawn["DC"]) == ("Missouri", "Minnesota", "District of Columbia")


def test_every_shape_is_closed_and_in_view_the_last_islands_of_alaska_too():
    svg = state_map({}, here=None)
    left, top, width, height = map(int, read(svg).get("viewBox").split())

    for name, shape in shapes(svg).items():
        assert re.fullmatch(r"(M-?\d+ \d+l([+-]\d+[+-]\d+){2,}z)+", shape.get("d")), name
        # Half of the outline lies outside: 1.25 px, which are four units on a phone's screen.
        assert all(left + 4 <= x <= left + width - 4 for x, _ in corners(shape)), name
        assert all(top + 4 <= y <= top + height - 4 for _, y in corners(shape)), name


def test_neighbours_share_their_border_and_strangers_do_not():
    drawn = shapes(state_map({}, here=None))

    for neighbour in (
        "Iowa",
        "Illinois",
        "Kentucky",
        "Tennessee",
        "Arkansas",
        "Oklahoma",
        "Kansas",
        "Nebraska",
    ):
        assert len(corners(drawn["Missouri"]) & corners(drawn[neighbour])) >= 2, neighbour
    assert not corners(drawn["Missouri"]) & corners(drawn["Indiana"])


def test_the_page_of_the_map_keeps_areas_in_proportion():
    """Land and inland water by the Census Bureau, in square miles: Colorado 104,094, Wyoming 97,813, Kansas 82,278."""
    drawn = shapes(state_map({}, here=None))

    for name, square_miles in (("Wyoming", 97_813), ("Kansas", 82_278)):
        expected = square_miles / 104_094
        assert area(drawn[name]) / area(drawn["Colorado"]) == pytest.approx(expected, rel=0.03)


def test_a_marked_state_says_its_mark_and_an_unmarked_one_says_that_too():
    svg = state_map({"MO": "decided", "VT": "declined"}, here="MO", words={"MO": "approved"})

    said = titles(svg)
    assert said["Missouri"] == "Missouri: approved"
    assert said["Vermont"] == "Vermont: declined"
    assert said["Kansas"] == "Kansas: not marked"
    assert read(svg).findtext("desc") == "Approved: Missouri. Declined: Vermont. Outlined: Missouri."


def test_the_outlined_state_is_painted_last_so_that_no_neighbour_covers_it():
    *others, missouri = read(state_map({"MO": "asked"}, here="MO")).findall("path")

    assert missouri.get("class").split()[1:] == ["muster-map__state--asked", "muster-map__state--here"]
    assert not [shape for shape in others if "muster-map__state--here" in shape.get("class")]


def test_a_mark_without_a_shape_is_named_and_never_lost():
    svg = state_map({"PR": "listed", "MO": "asked"}, here="ZZ")

    assert read(svg).findtext("desc") == "Asked: Missouri. Not drawn: PR (on a published list), ZZ."
    assert len(shapes(svg)) == 51


def test_a_category_that_there_is_not_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="approved"):
        state_map({"MO": "approved"}, here=None)


@pytest.mark.parametrize("category", CATEGORIES)
def test_each_category_has_its_class_and_the_pattern_it_names_is_on_the_page(category):
    tree = read(state_map({"MO": category}, here=None))

    (shape,) = [shape for shape in tree.findall("path") if shape.findtext("title").startswith("Missouri:")]
    assert shape.get("class") == f"muster-map__state muster-map__state--{category}"
    patterns = [f"url(#{pattern.get('id')})" for pattern in tree.iter("pattern")]
    assert patterns == ([shape.get("fill")] if shape.get("fill") else [])


def test_the_legend_has_the_categories_in_use_in_one_order():
    marks = legend({"VT": "declined", "MO": "asked", "KS": "declined", "PR": "separate"})

    assert [mark.category for mark in marks] == ["asked", "declined", "separate"]
    assert all(f"muster-map__state--{mark.category}" in mark.swatch for mark in marks)
    assert legend({}) == ()


def test_the_map_needs_nothing_that_the_pages_policy_forbids():
    assert "'unsafe-inline'" not in HEADERS["Content-Security-Policy"]
    svg = state_map(dict.fromkeys(STATES, "separate"), here="MO")

    for element in read(svg).iter():
        assert element.tag not in {"style", "script"}
        assert not [name for name in element.attrib if name == "style" or name.startswith("on")]


def test_words_from_outside_are_written_as_text():
    svg = state_map({"MO": "asked"}, here="<b>", words={"MO": "<script>"})

    assert "<script>" not in svg
    assert "<b>" not in svg
    assert titles(svg)["Missouri"] == "Missouri: <script>"


def test_the_map_leaves_room_on_a_page_of_200_kilobytes():
    assert len(state_map(dict.fromkeys(STATES, "separate"), here="MO").encode()) < 60_000
