"""Units that people write behind numbers, and how many of one make another."""

_TABLE: dict[str, dict[str, tuple[float, str]]] = {
    "mass": {
        "kg": (1000.0, "kgs kilo kilos kilogram kilograms kilogramm"),
        "g": (1.0, "gr gram grams gramm"),
        "mg": (0.001, "milligram milligrams"),
        "t": (1e6, "ton tons tonne tonnes"),
        "lb": (453.59237, "lbs pound pounds #"),
        "oz": (28.349523125, "ounce ounces"),
    },
    "length": {
        "m": (1.0, "meter meters metre metres"),
        "cm": (0.01, "centimeter centimeters centimetre centimetres"),
        "mm": (0.001, "millimeter millimeters millimetre millimetres"),
        "km": (1000.0, "kilometer kilometers kilometre kilometres"),
        "in": (0.0254, "inch inches \" '' \u2033 \u201d"),
        "ft": (0.3048, "foot feet ' \u2032 \u2019"),
        "yd": (0.9144, "yard yards"),
        "mi": (1609.344, "mile miles"),
    },
    "volume": {
        "l": (1.0, "liter liters litre litres"),
        "ml": (0.001, "milliliter milliliters millilitre millilitres"),
        "cl": (0.01, ""),
        "gal": (3.785411784, "gallon gallons"),
    },
    "time": {
        "s": (1.0, "sec secs second seconds"),
        "ms": (0.001, "millisecond milliseconds"),
        "min": (60.0, "mins minute minutes"),
        "h": (3600.0, "hr hrs hour hours"),
        "d": (86400.0, "day days"),
        "wk": (604800.0, "week weeks"),
    },
}

_NAMES = {
    word: unit
    for table in _TABLE.values()
    for unit, (_, words) in table.items()
    for word in (unit, *words.split())
}
_SIZES = {unit: (d, size) for d, table in _TABLE.items() for unit, (size, _) in table.items()}


def name(written: str) -> str:
    """One name for all ways of writing a unit: ``lbs.`` and ``Pounds`` are ``lb``; others in lower case."""
    short = written.strip().rstrip(".").strip().lower()
    return _NAMES.get(short, short)


def dimension(unit: str) -> str | None:
    """``mass``, ``length``, ``volume``, ``time``; None for a unit that is not known."""
    return _SIZES[unit][0] if unit in _SIZES else None


def factor(unit: str, into: str) -> float | None:
    """How many ``into`` one ``unit`` is; None when they do not measure the same."""
    if dimension(unit) is None or dimension(unit) != dimension(into):
        return None
    return _SIZES[unit][1] / _SIZES[into][1]
