"""Tokenizers trained on a table's own texts: byte-level BPE, words, characters. 0 pads, 1 is unknown."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

Kind = Literal["bpe", "words", "characters"]

PAD, UNKNOWN = "\x00", "\x01"
"""Control characters, which `text.normalised` removes: no text can spell them."""
_MANY = 500
"""Texts from which on a word must occur twice to be known."""


def train(kind: Kind, texts: Sequence[str], size: int, lowercase: bool) -> str:
    """A tokenizer of at most ``size`` tokens as JSON, learned from ``texts``; the same for the same texts.

    ``bpe``: byte-level byte-pair encoding (Sennrich et al. 2016; bytes as in GPT-2), any language, nothing
    unknown. ``words``: words and signs, each Chinese character its own. ``characters``: one each.
    """
    made: Tokenizer = {"bpe": _bpe, "words": _words, "characters": _characters}[kind](lowercase)
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


def _bpe(lowercase: bool) -> Tokenizer:
    made = Tokenizer(models.BPE())
    if lowercase:
        made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    made.decoder = decoders.ByteLevel()
    return made


def _words(lowercase: bool) -> Tokenizer:
    made = Tokenizer(models.WordLevel(unk_token=UNKNOWN))
    made.normalizer = normalizers.BertNormalizer(
        clean_text=True, handle_chinese_chars=True, strip_accents=False, lowercase=lowercase
    )
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return made


def _characters(lowercase: bool) -> Tokenizer:
    made = Tokenizer(models.WordLevel(unk_token=UNKNOWN))
    if lowercase:
        made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    return made
