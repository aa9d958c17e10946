"""Tags are read as people scan, type and say them, and a misread one is noticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.core.tags import ALPHABET, MOST_TAGS, TagMisread, make_tag, parse_tag

TAGS = st.integers(0, MOST_TAGS - 1).map(make_tag)


def test_a_tag_has_no_look_alikes() -> None:
    assert not set("0O1I") & set(ALPHABET)


@given(TAGS)
def test_case_spaces_and_dashes_do_not_matter(tag: str) -> None:
    assert parse_tag(f" {tag.lower().replace('-', ' ')} ") == tag


@given(TAGS, st.integers(0, 6), st.sampled_from(ALPHABET))
def test_one_misread_character_is_noticed(tag: str, place: int, other: str) -> None:
    bare = list(tag.replace("-", ""))
    if bare[place] == other:
        return
    bare[place] = other

    with pytest.raises(TagMisread, match="Scan it again"):
        parse_tag("".join(bare))


@pytest.mark.parametrize("text", ["", "222", "222-24F-7", "M7K-402-X", "222-24F-66", "Ünï-cod-e"])
def test_what_is_no_tag_is_misread_and_not_unknown(text: str) -> None:
    with pytest.raises(TagMisread):
        parse_tag(text)


@pytest.mark.parametrize("text", ["123456789", "123-456-789", "SANCHEZ", "Ana Sánchez", "222-24F-7 "])
def test_a_refusal_repeats_only_what_has_the_form_of_a_tag(text: str) -> None:
    """It is kept for ever, and what was typed in a tag's place may be a name or an agency's reference."""
    with pytest.raises(TagMisread) as misread:
        parse_tag(text)
    with pytest.raises(TagMisread, match="'222-24F-7' is not a tag"):
        parse_tag("222-24F-7")

    assert text not in str(misread.value)


def test_tags_number_within_their_range() -> None:
    assert make_tag(0) == "222-222-2"
    for number in (-1, MOST_TAGS):
        with pytest.raises(ValueError, match="tags number"):
            make_tag(number)
