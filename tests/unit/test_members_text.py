"""TF-IDF equals scikit-learn's, in any language, and survives its state."""

import json

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from sensorium.members._terms import Terms
from sensorium.members._tfidf import Tfidf, Unit

TEXTS = [
    "The red apple, the RED apple!",
    "a pie of apples? yes: a pie",
    "\u82f9\u679c \u5f88\u751c,\u82f9\u679c\u5f88\u597d",
    "\u67e0\u6aac\u5f88\u9178\u3002 \u82f9\u679c",
    "Gr\xfc\xdfe aus K\xf6ln an die Gr\xf6\xdfte",
    "x",
    "  spaces\tand\nlines \u3000 here ",
    "don't stop 3.14 me now",
]
NEW = [*TEXTS, "", "never met", "\u82f9\u679c", "the the the apple pie", "  ", "\xc8"]


def reference(unit: Unit, low: int, high: int, least: int) -> TfidfVectorizer:
    if unit == "words":
        return TfidfVectorizer(
            ngram_range=(low, high), sublinear_tf=True, min_df=least, token_pattern=r"(?u)\w+|[^\w\s]"
        )
    return TfidfVectorizer(analyzer="char_wb", ngram_range=(low, high), sublinear_tf=True, min_df=least)


@pytest.mark.parametrize(
    ("unit", "low", "high", "least"),
    [("words", 1, 2, 1), ("words", 1, 1, 2), ("characters", 2, 5, 1), ("characters", 3, 4, 2)],
)
def test_tfidf_equals_scikit_learn(unit: Unit, low: int, high: int, least: int) -> None:
    expected = reference(unit, low, high, least).fit(TEXTS)
    found = Tfidf.fit(TEXTS, unit, low, high, least=least, most=10_000)
    assert list(found.terms) == expected.get_feature_names_out().tolist()
    np.testing.assert_allclose(found.idf, expected.idf_, rtol=1e-12)
    matrix = found.transform(NEW)
    assert matrix.nnz > 4
    np.testing.assert_allclose(matrix.toarray(), expected.transform(NEW).toarray(), atol=1e-12)


def test_the_most_frequent_terms_are_kept_and_equals_by_the_alphabet() -> None:
    found = Tfidf.fit(["b a", "b a c", "b d c"], "words", 1, 1, least=1, most=3)
    assert found.terms == ("a", "b", "c")
    assert Tfidf.fit(["b a", "b a c", "b d c"], "words", 1, 1, least=1, most=2).terms == ("a", "b")


def test_idf_by_hand() -> None:
    found = Tfidf.fit(["a b", "a", "a"], "words", 1, 1, least=1, most=9)
    np.testing.assert_allclose(found.idf, [np.log(4 / 4) + 1, np.log(4 / 2) + 1])
    row = found.transform(["a a b"]).toarray()[0]
    raw = np.array([(1 + np.log(2)) * 1.0, 1 + np.log(2)])
    np.testing.assert_allclose(row, raw / np.linalg.norm(raw))


def test_terms_survive_json_and_arrays() -> None:
    terms = Terms.fit([*TEXTS, None, "\ud800 lone"], 500)
    facts, arrays = terms.state()
    back = Terms.restore(json.loads(json.dumps(facts)), arrays)
    assert back.tables[0].terms == terms.tables[0].terms
    assert "\ud800" in back.tables[0].terms or any("\ud800" in t for t in back.tables[1].terms)
    np.testing.assert_array_equal(back.transform(NEW).toarray(), terms.transform(NEW).toarray())


def test_a_column_without_any_text_has_no_terms() -> None:
    terms = Terms.fit([None, None, ""], 500)
    assert terms.width() == 0
    assert terms.transform(["word", None]).shape == (2, 0)


def test_only_the_beginning_of_a_long_text_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sensorium.members._terms.LONGEST", 12)
    terms = Terms.fit(["early words " + "late " * 50, "early"], 500)
    assert "early" in terms.tables[0].terms
    assert "late" not in terms.tables[0].terms
    assert terms.transform(["............late"]).nnz == 0
