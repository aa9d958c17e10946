"""Notes are those of the C2SP specification: the key and note that Go's reference implementation publishes."""

import base64

import pytest

from muster.record.notes import BadKey, BadNote, Stated, opened, public_key, sign

NAME = "PeterNeumann"
SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
NOTE = (
    TEXT
    + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
OTHER = public_key("another", b"\x07" * 32)


def test_the_published_key_and_note_come_out() -> None:
    assert public_key(NAME, SEED) == KEY
    assert sign(TEXT, NAME, SEED) == NOTE
    assert opened(NOTE, [OTHER, KEY]) == TEXT


def test_a_second_signature_by_an_unknown_key_does_no_harm() -> None:
    witness = sign(TEXT, "another", b"\x07" * 32).rpartition("\n\n")[2]

    assert opened(NOTE + witness, [KEY]) == TEXT
    assert opened(NOTE + witness, [OTHER]) == TEXT


@pytest.mark.parametrize(
    "note",
    [
        NOTE.replace("cryptography", "cryptographY"),
        NOTE.replace("x08go/Z", "x08go/Y"),
        NOTE.replace("x08go", "y08go"),  # the hash of another key
        NOTE.replace("— Peter", "- Peter"),
        NOTE.replace("\n\n", "\n"),
        NOTE[:-1],
        "",
    ],
)
def test_a_note_that_was_changed_is_refused(note: str) -> None:
    with pytest.raises(BadNote):
        opened(note, [KEY])


def test_a_note_of_an_unknown_signer_is_refused() -> None:
    with pytest.raises(BadNote, match="no key that is known"):
        opened(NOTE, [OTHER])


@pytest.mark.parametrize(
    "key", ["", "name", KEY[:-4], KEY.replace("c74f20a3", "c74f20a4"), KEY.replace("+AR", "+AB")]
)
def test_a_malformed_key_is_refused(key: str) -> None:
    with pytest.raises(BadKey):
        opened(NOTE, [key])


def test_a_checkpoint_reads_back_as_it_was_written() -> None:
    stated = Stated("example.org/record", 12, b"\x05" * 32)

    assert stated.text() == "example.org/record\n12\nBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU=\n"
    assert Stated.of_text(stated.text()) == stated
    assert Stated.of_text(stated.text() + "more of it\n") == stated


@pytest.mark.parametrize(
    "text", ["", "a\n1\n", "a\n01\nBQUF\n", "a\n-1\nBQUF\n", "a\n1\nBQUF\n", "a\n1\n?\n", "a\nb\nBQUF\n"]
)
def test_a_text_that_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(BadNote):
        Stated.of_text(text)
