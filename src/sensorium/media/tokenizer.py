"""Tokenizers trained on a table's own texts: byte-level BPE, words, characters, and hashes, which need no
training. 0 pads, 1 is unknown.
"""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal
from zlib import crc32

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

Kind = Literal["bpe", "words", "characters", "hashed", "chinese"]

PAD, UNKNOWN = "\x00", "\x01"
"""Control characters, which `text.normalised` removes: no text can spell them."""
_MANY = 500
"""Texts from which on a word must occur twice to be known."""
_CHUNK = 4096
_HASHED = "hashed"
_GRAMS = (3, 4)
"""Sizes of the pieces of characters that are hashed besides whole words and signs."""
_PIECE = re.compile(r"\w+|[^\w\s]")


def train(kind: Kind, texts: Sequence[str], size: int, lowercase: bool) -> str:
    """A tokenizer of at most ``size`` tokens as JSON, learned from ``texts``; the same for the same texts.

    ``bpe``: byte-level byte-pair encoding (Sennrich et al. 2016; bytes as in GPT-2), any language, nothing
    unknown. ``words``: words and signs, each Chinese character its own; ``chinese``: the same for texts with
    spaces between Chinese words. ``characters``: one each. ``hashed``: every word, and its pieces of 3 and 4
    characters, as hashed ids (as in fastText, Bojanowski 2017): nothing is learned, so few texts do no harm.
    """
    if kind == "hashed":
        return json.dumps({_HASHED: size, "lowercase": lowercase})
    made: Tokenizer = {"bpe": _bpe, "characters": _characters}.get(kind, _words)(lowercase)
    if kind == "chinese":
        made.normalizer = _clean_words(lowercase, chinese_apart=False)
    trainer: trainers.BpeTrainer | trainers.WordLevelTrainer
    if kind == "bpe":
        trainer = trainers.BpeTrainer(
            vocab_size=size,
            special_tokens=[PAD, UNKNOWN],
            show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            min_frequency=3,
        )
    else:
        trainer = trainers.WordLevelTrainer(
            vocab_size=size,
            special_tokens=[PAD, UNKNOWN],
            show_progress=False,
            min_frequency=2 if len(texts) > _MANY else 1,
        )
    made.train_from_iterator(texts, trainer, length=len(texts))
    return str(made.to_str())


@lru_cache(maxsize=64)
def load(saved: str) -> Tokenizer:
    """The tokenizer that ``train`` or anyone else saved as JSON; read once."""
    return Tokenizer.from_buffer(saved.encode())  # raises ValueError; from_str raises a bare Exception


def vocabulary(saved: str) -> int:
    """How many ids there are, padding and unknown included."""
    hashed = _hashed(saved)
    return load(saved).get_vocab_size() if hashed is None else hashed[0]


def encode(saved: str, texts: Sequence[str]) -> list[list[int]]:
    """Token ids of each text; in chunks, because an encoding takes far more memory than its ids."""
    hashed = _hashed(saved)
    if hashed is not None:
        return [_hashes(text.lower() if hashed[1] else text, hashed[0]) for text in texts]
    reader = load(saved)
    found: list[list[int]] = []
    for start in range(0, len(texts), _CHUNK):
        found += [one.ids for one in reader.encode_batch_fast(list(texts[start : start + _CHUNK]))]
    return found


@lru_cache(maxsize=64)
def _hashed(saved: str) -> tuple[int, bool] | None:
    """Ids and whether letters become small, when the tokenizer is one of hashes."""
    if not saved.startswith(f'{{"{_HASHED}"'):
        return None
    told = json.loads(saved)
    return int(told[_HASHED]), bool(told["lowercase"])


def _hashes(text: str, size: int) -> list[int]:
    return [place for piece in _PIECE.findall(text) for place in _of_piece(piece, size)]


@lru_cache(maxsize=100_000)
def _of_piece(piece: str, size: int) -> tuple[int, ...]:
    """The ids of a word: itself, and what is inside ``<word>``."""
    marked = f"<{piece}>"
    parts = [f"={piece}"]
    for length in _GRAMS:
        parts += [marked[start : start + length] for start in range(len(marked) - length + 1)]
    return tuple(2 + crc32(part.encode("utf-8", "surrogatepass")) % (size - 2) for part in parts)


def _bpe(lowercase: bool) -> Tokenizer:
    made = Tokenizer(models.BPE())
    if lowercase:
        made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    made.decoder = decoders.ByteLevel()
    return made


def _words(lowercase: bool) -> Tokenizer:
    made = Tokenizer(models.WordLevel(unk_token=UNKNOWN))
    made.normalizer = _clean_words(lowercase, chinese_apart=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return made


def _clean_words(lowercase: bool, *, chinese_apart: bool) -> normalizers.Normalizer:
    return normalizers.BertNormalizer(
        clean_text=True, handle_chinese_chars=chinese_apart, strip_accents=False, lowercase=lowercase
    )


def _characters(lowercase: bool) -> Tokenizer:
    made = Tokenizer(models.WordLevel(unk_token=UNKNOWN))
    if lowercase:
        made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    return made
