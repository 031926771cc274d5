"""The texts and categories of the demo table: noisy, and often true of several digits."""

import numpy as np

WORDS = "zero one two three four five six seven eight nine".split()
SPELT = ["{}", "it says {}", "someone wrote {}", "reads {} ?", "the label: {}", "I think {}", "{} I guess"]
DESCRIBED = ["{}", "a digit, {}", "hard to read, {}", "it is {}", "{} I believe"]
NEIGHBOURS = dict(zip("abcdefghijklmnopqrstuvwxyz", "svxfrgjhokljnbipwtdyicqzta", strict=True))


def typo(word: str, rng: np.random.Generator) -> str:
    """The word with one letter dropped, doubled, swapped, struck beside the key, or split off."""
    place = int(rng.integers(len(word)))
    letter = word[place]
    match int(rng.integers(5)):
        case 0:
            return word[:place] + word[place + 1 :]
        case 1:
            return word[:place] + letter * 2 + word[place + 1 :]
        case 2:
            return word[:place] + word[place + 1 : place + 2] + letter + word[place + 2 :]
        case 3:
            return word[:place] + NEIGHBOURS.get(letter, "e") + word[place + 1 :]
        case _:
            return word[:place] + " " + word[place:]


def spelt(digit: int, rng: np.random.Generator) -> str:
    """The word itself, most often with a typo or two."""
    word = WORDS[digit]
    for _ in range(int(rng.choice([0, 1, 2], p=[0.3, 0.45, 0.25]))):
        word = typo(word, rng)
    return str(rng.choice(SPELT)).format(word)


def part(digit: int, rng: np.random.Generator) -> str:
    """A part of the word: its first or last letters, or how many it has."""
    word = WORDS[digit]
    match int(rng.integers(4)):
        case 0:
            return f"starts with {word[0]}..."
        case 1:
            return f"spelt with {word[:2]}..."
        case 2:
            return f"ends in ...{word[-2:]}"
        case _:
            return f"a word of {WORDS[len(word)]} letters"


def described(digit: int, rng: np.random.Generator) -> str:
    """What the digit is like: true of two to five digits."""
    parity = "odd" if digit % 2 else "even"
    size = "small" if digit < 5 else "large"
    third = "low" if digit < 3 else "in the middle" if digit < 7 else "high"
    match int(rng.integers(4)):
        case 0:
            says = f"{parity} and {size}"
        case 1:
            says = f"{third}, {parity}"
        case 2:
            says = "drawn with a loop" if digit in (0, 6, 8, 9) else "drawn without any loop"
        case _:
            near = int(np.clip(digit + rng.choice([-1, 1]), 0, 9))
            says = f"one away from {WORDS[near]}" if near != digit else f"at the end, {parity}"
    return str(rng.choice(DESCRIBED)).format(says)


def read(digit: int, rng: np.random.Generator) -> str:
    """A short text about the digit: spelt (half of them), a part of the word, or a description."""
    kind = int(rng.choice(3, p=[0.55, 0.2, 0.25]))
    text = (spelt, part, described)[kind](digit, rng)
    if rng.random() < 0.15:
        text = text.upper() if rng.random() < 0.5 else text.capitalize()
    return text


def tray(digit: int, rng: np.random.Generator) -> str:
    """Where it was found: odd digits lie more often left, even ones right."""
    sides = ["left", "right"] if digit % 2 else ["right", "left"]
    return str(rng.choice([*sides, "middle"], p=[0.7, 0.1, 0.2]))
