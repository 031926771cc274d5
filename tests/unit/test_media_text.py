"""Texts in one form, and tokenizers trained on them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensorium.errors import CorruptCell
from sensorium.media import tokenizer
from sensorium.media.text import normalised, string


@pytest.mark.parametrize(
    ("given_text", "clean"),
    [
        ("  two \t words\n", "two words"),
        ("e\u0301t\u00e9", "\u00e9t\u00e9"),
        ("\ufb01n \uff21\uff22", "fin AB"),
        ("a\x00b\x1b[0m\u200bc\ufeff", "ab[0mc"),
        ("a\u00a0b\u3000c", "a b c"),
        ("\ud800ok", "ok"),
        ("", ""),
        ("\x07\x00", ""),
        ("\u4f60\u597d\u4e16\u754c", "\u4f60\u597d\u4e16\u754c"),
    ],
)
def test_texts_become_one_clean_line(given_text: str, clean: str) -> None:
    assert normalised(given_text) == clean


def test_nfc_keeps_widths_and_ligatures() -> None:
    assert normalised("\ufb01 e\u0301", "NFC") == "\ufb01 \u00e9"


def test_huge_texts_are_read_up_to_the_limit() -> None:
    assert normalised("ab " * 4_000_000, most=10) == "ab ab ab a"
    assert len(normalised("\ufdfa" * 1000, most=100)) <= 100


@given(st.text(st.characters(), max_size=60))
def test_a_clean_text_stays_as_it_is(text: str) -> None:
    once = normalised(text)
    assert normalised(once) == once
    once.encode("utf-8")


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("a", "a"),
        (3, "3"),
        (3.0, "3"),
        (2.5, "2.5"),
        (True, "true"),
        (b"\xef\xbb\xbfhi", "hi"),
        (1e300, "1e+300"),
    ],
)
def test_other_cells_are_written_out(cell: object, text: str) -> None:
    assert string(cell) == text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (b"ab\xff", "not a text: the bytes are no UTF-8 (at byte 2)"),
        ([1], "expected a text, got a list"),
        ({"a": 1}, "expected a text, got a dict"),
    ],
)
def test_what_is_no_text_says_why(cell: object, text: str) -> None:
    with pytest.raises(CorruptCell) as caught:
        string(cell)
    assert str(caught.value) == text


TEXTS = ["the quick brown fox", "the lazy dog", "the quick dog", "\u4f60\u597d \u4e16\u754c"] * 5
PAIRS = tokenizer.train("bpe", TEXTS, 300, False)


@pytest.mark.parametrize("kind", ["bpe", "words", "characters"])
def test_a_tokenizer_is_the_same_for_the_same_texts(kind: tokenizer.Kind) -> None:
    saved = tokenizer.train(kind, TEXTS, 400, True)
    assert saved == tokenizer.train(kind, TEXTS, 400, True)
    made = tokenizer.load(saved)
    assert made.token_to_id(tokenizer.PAD) == 0
    assert made.token_to_id(tokenizer.UNKNOWN) == 1
    assert made.get_vocab_size() <= 400


@given(st.text(st.characters(), max_size=40))
def test_bpe_loses_nothing_in_any_language(text: str) -> None:
    clean = normalised(text)
    made = tokenizer.load(PAIRS)
    ids = made.encode(clean).ids
    assert min(ids, default=2) >= 2
    assert made.decode(ids).strip() == clean


def test_words_are_lower_cased_and_each_chinese_sign_is_one() -> None:
    made = tokenizer.load(tokenizer.train("words", TEXTS, 400, True))
    assert made.encode("The FOX!").tokens == ["the", "fox", tokenizer.UNKNOWN]
    assert made.encode("\u4f60\u597d").tokens == ["\u4f60", "\u597d"]


def test_characters_are_one_by_one() -> None:
    made = tokenizer.load(tokenizer.train("characters", TEXTS, 400, True))
    assert made.encode("Dog #").tokens == ["d", "o", "g", " ", tokenizer.UNKNOWN]


def test_no_text_can_spell_the_padding() -> None:
    made = tokenizer.load(tokenizer.train("bpe", TEXTS, 300, False))
    assert min(made.encode(normalised("<pad> <unk> \x00 \x01 [PAD]")).ids) >= 2


def test_the_most_common_pair_is_merged_first() -> None:
    # As in Sennrich et al. 2016, by hand: (s, t) occurs 9 times, (e, s) and (w, e) 8, (l, o) and (o, w) 7.
    texts = ["low"] * 5 + ["lowest"] * 2 + ["newest"] * 6 + ["fast"]
    made = tokenizer.load(tokenizer.train("bpe", texts, 259, True))
    assert made.encode("newest").tokens[-1] == "st"
    assert len(made.encode("newest").ids) == 6
