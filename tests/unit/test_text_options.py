"""Texts: words of a language, stems, stop words, hashes and windows, each proven to change something."""

import builtins
import json
from typing import Any
from zlib import crc32

import numpy as np
import pytest

from sensorium.errors import MissingExtra
from sensorium.fit_facts import fit_facts, notes
from sensorium.load_table import load_table
from sensorium.media import tokenizer, words
from sensorium.media.stop_words import STOP_WORDS
from sensorium.media.words import Shape, common, without
from sensorium.modalities.text import Text
from sensorium.model import Model, part_facts
from sensorium.prepare import prepare
from sensorium.prepare_several import windows
from sensorium.table.packed import CORRUPT, MISSING, PRESENT, Cell, Packed
from sensorium.types import Facts
from tiny import asked, numbers_of, plan_of, table_of, untrained

CHINESE = "\u6211\u6765\u5230\u5317\u4eac\u6e05\u534e\u5927\u5b66"
"""I came to Beijing's Tsinghua university: four words of one, two, two and four characters."""


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def read(cells: list[Cell], modality: Text) -> tuple[list[list[int]], Facts]:
    facts = json.loads(json.dumps(modality.fit([cells], rng())))
    packed = modality.prepare(cells, facts)
    assert packed.offsets is not None
    spans = zip(packed.offsets[:-1], packed.offsets[1:], strict=True)
    return [packed.values[a:b].tolist() for a, b in spans], facts


def forget(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """As if a package were not installed."""
    real = builtins.__import__

    def imported(name: str, *more: Any, **rest: Any) -> Any:
        if name == package:
            raise ImportError(name)
        return real(name, *more, **rest)

    monkeypatch.setattr(builtins, "__import__", imported)
    words._chinese.cache_clear()
    words._stemmer.cache_clear()


def test_chinese_words_are_cut_out_of_the_line() -> None:
    assert Shape(chinese=True)(CHINESE) == "\u6211 \u6765\u5230 \u5317\u4eac \u6e05\u534e\u5927\u5b66"
    assert (
        Shape(stop_words="chinese", chinese=True)(CHINESE)
        == "\u6765\u5230 \u5317\u4eac \u6e05\u534e\u5927\u5b66"
    )
    cells: list[Cell] = [CHINESE] * 3
    assert len(read(cells, Text(tokenizer="words"))[0][0]) == 9
    assert len(read(cells, Text(tokenizer="chinese"))[0][0]) == 4
    assert Text(tokenizer="chinese").clean([CHINESE]) == [Shape(chinese=True)(CHINESE)]


def test_stems_make_forms_of_a_word_one() -> None:
    assert Shape("english")("Running, runs: the NATIONS' nation!") == "run, run: the nation' nation!"
    assert Shape("german")("H\u00e4user und Haus") == "haus und haus"
    cells: list[Cell] = ["running shoes", "runs shoe"]
    plain, stemmed = (read(cells, Text(tokenizer="words", stem=s))[0] for s in ("none", "english"))
    assert plain[0] != plain[1]
    assert stemmed[0] == stemmed[1]
    assert Text(stem="english").clean(cells) == ["run shoe", "run shoe"]


def test_listed_words_are_left_out_and_negations_stay() -> None:
    shape = Shape(stop_words="english")
    assert shape("The food was not good, and we were there.") == "food not good, ."
    assert Shape()("The food was here") == "The food was here"
    assert Shape("english", "english")("The foods were here") == "food"
    negations = {
        "english": "not no nor",
        "german": "nicht kein",
        "french": "pas ne",
        "spanish": "no ni",
        "italian": "non",
        "dutch": "niet geen",
    }
    for language, negation in negations.items():
        assert not set(negation.split()) & STOP_WORDS[language], language


def test_common_words_are_found_in_the_training_texts() -> None:
    texts = [f"the order {n} was sent" for n in range(50)] + [f"broken {n}" for n in range(30)]
    assert common(texts) == ["order", "sent", "the", "was"]
    assert common(texts[:10]) == []
    assert without("The order 7 was sent late", frozenset(["the", "was"])) == "order 7 sent late"
    cells: list[Cell] = list(texts)
    plain, _ = read(cells, Text(tokenizer="words"))
    fewer, facts = read(cells, Text(tokenizer="words", stop_words="common"))
    assert facts["left_out"] == ["order", "sent", "the", "was"]
    assert (len(plain[0]), len(fewer[0])) == (5, 1)
    made = Text(stop_words="common")
    assert made.notes(facts) == ("words of more than half of its texts are left out: order, sent, the, was",)


def test_a_package_that_is_not_there_is_told_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    forget(monkeypatch, "rjieba")
    with pytest.raises(MissingExtra) as caught:
        Text(tokenizer="chinese")
    assert str(caught.value) == (
        "Chinese words are cut out by rjieba, which is not installed; install it with: "
        "pip install 'sensorium[chinese]'"
    )
    forget(monkeypatch, "snowballstemmer")
    with pytest.raises(MissingExtra) as other:
        Text(stem="english")
    assert str(other.value) == (
        "stems are found by snowballstemmer, which is not installed; install it with: "
        "pip install 'sensorium[text]'"
    )


def test_hashes_are_words_and_their_pieces_and_need_no_training() -> None:
    saved = tokenizer.train("hashed", [], 5000, True)
    assert tokenizer.vocabulary(saved) == 5000
    (ids,) = tokenizer.encode(saved, ["Ab!"])
    parts = ["=ab", "<ab", "ab>", "<ab>", "=!", "<!>"]
    assert ids == [2 + crc32(p.encode()) % 4998 for p in parts]
    assert tokenizer.encode(saved, ["never seen \u4f60"])[0]
    assert min(min(one) for one in tokenizer.encode(saved, ["some words of a text", "more"])) >= 2
    one, other = (set(tokenizer.encode(saved, [text])[0]) for text in ("lovely", "lovelier"))
    assert len(one & other) >= 5
    ids_, facts = read(["Ab!", None], Text(tokenizer="hashed", vocabulary=5000))
    assert ids_ == [ids, []]
    assert facts["vocabulary"] == 5000
    assert (
        Text(tokenizer="hashed", lowercase=False)
        .prepare(["Ab!"], Text(tokenizer="hashed", lowercase=False).fit([["Ab!"]], rng()))
        .values.tolist()
        != ids
    )


def test_hashes_depend_on_nothing_but_the_text() -> None:
    few, many = (Text(tokenizer="hashed").fit([["a b"] * n], rng()) for n in (2, 900))
    assert few["tokenizer"] == many["tokenizer"]
    assert (Text().fit([["a b"] * 2], rng())["tokenizer"] == few["tokenizer"]) is False


def long_texts(counts: list[int]) -> list[Cell]:
    return [" ".join(f"w{n % 7}" for n in range(count)) or None for count in counts]


def test_windows_read_on_instead_of_cutting() -> None:
    cells = long_texts([3, 10, 0, 25])
    for choice, cut, count in ((1, 0.5 * 4 / 3, 1), (2, 1 / 3, 2), (5, 0.0, 5), (9, 0.0, 5)):
        modality = Text(tokenizer="words", longest=5, windows=choice)
        ids, facts = read(cells, modality)
        assert facts["cut"] == pytest.approx(cut)
        assert facts["windows"] == count
        assert [len(one) for one in ids] == [min(n, 5 * count) for n in (3, 10, 0, 25)]
    assert Text(longest=5).notes({"cut": 0.25, "left_out": []}) == (
        "25.0% of its texts have more than 5 tokens; networks do not read the rest of those "
        "(windows reads on)",
    )


def test_windows_are_parts_of_the_input_one_after_another() -> None:
    flat = np.arange(15, dtype=np.uint16)
    status = np.array([PRESENT, MISSING, PRESENT, CORRUPT, PRESENT], np.uint8)
    part = Packed(
        flat, status, np.array([0, 7, 7, 10, 10, 15]), reasons={3: "x"}, index=np.array([4, 0, 2, 1, 3])
    )
    first, second = windows(part, 5, 2)
    assert first.values.tolist() == [0, 1, 2, 3, 4, 7, 8, 9, 10, 11, 12, 13, 14]
    assert second.values.tolist() == [5, 6]
    assert first.row_status().tolist() == [PRESENT, PRESENT, PRESENT, MISSING, CORRUPT]
    assert second.row_status().tolist() == [MISSING, PRESENT, MISSING, MISSING, CORRUPT]
    assert second.row_reasons() == {4: "x"}


def test_a_network_sees_the_end_of_a_long_text_only_through_windows() -> None:
    cells = long_texts([12, 12, 4, 12, 7, 3, 12, 9, 10, 12, 12, 12])
    changed = [f"{c} other words" if n == 0 else c for n, c in enumerate(cells)]
    others: dict[str, list[Cell]] = {"n": [float(x) for x in rng().normal(size=12)], "y": ["a", "b"] * 6}
    for count, sees in ((1, False), (3, True)):
        text = asked("text") | {"tokenizer": "words", "longest": 5, "windows": count}
        plan = plan_of({"x": text, "n": asked("number")}, "classify")
        table = table_of({"x": changed, **others})
        predictor = untrained(plan, table)
        data = prepare(plan, predictor.facts, table)
        assert (
            len(data.inputs["x"])
            == count
            == len(part_facts(plan.inputs["x"], predictor.facts["inputs"]["x"]))
        )
        whole, other = numbers_of(predictor, table), numbers_of(predictor, table_of({"x": cells, **others}))
        assert (np.abs(whole - other).max(1) > 1e-6).tolist() == [sees and n == 0 for n in range(12)]
        np.testing.assert_allclose(numbers_of(predictor, table.take([3])), whole[[3]], atol=1e-5)
        assert list(data.texts["x"]) == [str(c) for c in changed]


def test_windows_and_lists_of_texts_multiply_and_may_be_joined() -> None:
    lists: list[Cell] = [[one, one] for one in long_texts([9] * 12)]
    columns: dict[str, list[Cell]] = {"x": lists, "z": lists, "n": [1.0, 2.0] * 6, "y": ["a", "b"] * 6}
    text = asked("text", ["x", "z"]) | {"tokenizer": "words", "longest": 5, "windows": 2, "group": "joined"}
    plan = plan_of({"both": text, "n": asked("number")}, "classify")
    predictor = untrained(plan, table_of(columns))
    model: Model = predictor.member.model  # type: ignore[attr-defined]
    assert model.joins["c_both"].missing.shape == (8, 8)
    assert np.isfinite(numbers_of(predictor, table_of(columns))).all()


def test_what_is_cut_is_in_the_notes_of_a_run() -> None:
    table = load_table({"x": long_texts([12] * 10), "y": ["a", "b"] * 5})
    plan = plan_of({"x": asked("text") | {"tokenizer": "words", "longest": 5}}, "classify")
    assert notes(plan, fit_facts(plan, table, np.arange(10))) == [
        "column 'x': 100.0% of its texts have more than 5 tokens; networks do not read the rest of those "
        "(windows reads on)"
    ]
