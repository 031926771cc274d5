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

from sensorium.errors import MissingExtra, PlanError
from sensorium.media.stop_words import STOP_WORDS

Language: TypeAlias = Literal[
    "any", "arabic", "chinese", "danish", "dutch", "english", "finnish", "french", "german", "greek",
    "hungarian", "italian", "norwegian", "portuguese", "romanian", "russian", "spanish", "swedish", "turkish"
]  # fmt: skip
StopWords: TypeAlias = Literal["keep", "listed", "common"]

COMMON, FEWEST, MOST = 0.5, 20, 200
"""A word of more than half of the texts (at least 20 of them) is common; at most so many words are."""
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Shape:
    """How texts of a language are changed before they are cut into tokens.

    Raises PlanError for stems or listed words that a language does not have, MissingExtra for a package.
    """

    language: Language = "any"
    stem: bool = False
    stop_words: StopWords = "keep"

    def __post_init__(self) -> None:
        if self.stem and self.language in ("any", "chinese"):
            raise PlanError(
                f"stem: words of the language {self.language!r} have no stems; name another language, or "
                "leave stem out."
            )
        if self.stop_words == "listed" and self.language not in STOP_WORDS:
            raise PlanError(
                f"stop_words: no words are listed for the language {self.language!r}, only for "
                f"{', '.join(STOP_WORDS)}; choose common, which finds them in the training texts."
            )
        if self.language == "chinese":
            _chinese()
        if self.stem:
            _stemmer(self.language)

    def __call__(self, text: str) -> str:
        """The text in words as this shape wants them; unchanged when it asks for nothing."""
        listed = STOP_WORDS[self.language] if self.stop_words == "listed" else frozenset[str]()
        if self.language == "chinese":
            found = (word.strip() for word in _chinese()(text))
            return " ".join(word for word in found if word and word not in listed)
        if not self.stem and not listed:
            return text
        return _tidy(_WORD.sub(lambda m: self._word(m[0], listed), text))

    def _word(self, word: str, listed: frozenset[str]) -> str:
        if listed and word.lower() in listed:
            return ""
        return _stemmed(self.language, word.lower()) if self.stem else word


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
