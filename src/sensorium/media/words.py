"""Words of a language: cut out of Chinese lines, brought to their stems, the common ones left out.

Chinese words come from rjieba (extra ``chinese``: the dictionary and the algorithm of jieba), stems from
snowballstemmer (extra ``text``).
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal, TypeAlias

from sensorium.errors import MissingExtra
from sensorium.media.stop_words import STOP_WORDS

Stems: TypeAlias = Literal[
    "none", "arabic", "danish", "dutch", "english", "finnish", "french", "german", "greek", "hungarian",
    "italian", "norwegian", "portuguese", "romanian", "russian", "spanish", "swedish", "turkish"
]  # fmt: skip
StopWords: TypeAlias = Literal[
    "keep", "common", "chinese", "dutch", "english", "french", "german", "italian", "portuguese", "spanish"
]

COMMON, FEWEST, MOST = 0.5, 20, 200
"""A word of more than half of the texts (at least 20 of them) is common; at most so many words are."""
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Shape:
    """How the words of texts are changed before they are cut into tokens.

    stem: the language whose stems stand for words. stop_words: the language whose listed words are left out
    (``common`` is left to ``common`` and ``without``). chinese: words are cut out of the line. Raises
    MissingExtra for a package that is not there.
    """

    stem: Stems = "none"
    stop_words: StopWords = "keep"
    chinese: bool = False

    def __post_init__(self) -> None:
        if self.chinese:
            _chinese()
        if self.stem != "none":
            _stemmer(self.stem)

    def __call__(self, text: str) -> str:
        """The text in words as this shape wants them; unchanged when it asks for nothing."""
        if self.chinese:
            text = " ".join(word for word in map(str.strip, _chinese()(text)) if word)
        listed = STOP_WORDS.get(self.stop_words, frozenset())
        if self.stem == "none":
            return without(text, listed)
        return _tidy(_WORD.sub(lambda m: self._word(m[0].lower(), listed), text))

    def _word(self, word: str, listed: frozenset[str]) -> str:
        return "" if word in listed else _stemmed(self.stem, word)


def common(texts: Sequence[str]) -> list[str]:
    """The words, in small letters, that more than half of the texts hold, the most common first."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(set(_WORD.findall(text.lower())))
    least = max(FEWEST, COMMON * len(texts))
    found = [word for word, count in counts.items() if count > least]
    return sorted(found, key=lambda word: (-counts[word], word))[:MOST]


def without(text: str, words: frozenset[str]) -> str:
    """A text without some words."""
    return _tidy(_WORD.sub(lambda m: "" if m[0].lower() in words else m[0], text)) if words else text


def _tidy(text: str) -> str:
    return " ".join(text.split())


@cache
def _chinese() -> Callable[[str], Sequence[str]]:
    try:
        import rjieba
    except ImportError:
        raise MissingExtra(
            "Chinese words are cut out by rjieba, which is not installed; install it with: "
            "pip install 'sensorium[chinese]'"
        ) from None
    cut: Callable[[str], Sequence[str]] = rjieba.cut
    return cut


@cache
def _stemmer(language: str) -> Callable[[str], str]:
    try:
        import snowballstemmer
    except ImportError:
        raise MissingExtra(
            "stems are found by snowballstemmer, which is not installed; install it with: "
            "pip install 'sensorium[text]'"
        ) from None
    found: Callable[[str], str] = snowballstemmer.stemmer(language).stemWord
    return found


@lru_cache(maxsize=200_000)
def _stemmed(language: str, word: str) -> str:
    return _stemmer(language)(word)
