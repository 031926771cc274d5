"""HTML that is safe by construction: every plain string is escaped, only ``Html`` passes as it is."""

import html
from collections.abc import Mapping, Sequence


class Html(str):
    """A piece of finished HTML. Made by ``tag`` and ``joined``; all other strings are escaped."""

    __slots__ = ()


VOID = frozenset({"meta", "img", "br"})
Attributes = Mapping[str, str | float]


def escaped(text: str) -> Html:
    """The text as HTML; Html stays as it is. Control characters become a visible mark."""
    if isinstance(text, Html):
        return text
    plain = "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)
    return Html(html.escape(plain))


def joined(*parts: str) -> Html:
    """Parts one after the other."""
    return Html("".join(escaped(part) for part in parts))


def tag(name: str, attributes: Attributes, *children: str) -> Html:
    """``<name attributes>children</name>``; an attribute that is empty stands by its name alone."""
    told = "".join(
        f" {key}" if value == "" else f' {key}="{escaped(str(value))}"' for key, value in attributes.items()
    )
    if name in VOID:
        return Html(f"<{name}{told}>")
    return Html(f"<{name}{told}>{joined(*children)}</{name}>")


def p(*children: str) -> Html:
    """A paragraph."""
    return tag("p", {}, *children)


def muted(*children: str) -> Html:
    """A paragraph of secondary text."""
    return tag("p", {"class": "muted"}, *children)


def ticked(text: str) -> Html:
    """Text in which every part between backticks is set as code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escaped(text)
    return joined(*(tag("code", {}, part) if place % 2 else part for place, part in enumerate(parts)))


def grid(head: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1, kind: str = "") -> Html:
    """A table that scrolls sideways where it is too wide; columns from ``left`` on are figures.

    kind: a class of the table. A row whose first cell is Html of class ``chosen`` needs no other mark.
    """

    def line(cells: Sequence[str], name: str) -> Html:
        made = (
            tag(name, {} if place < left else {"class": "figure"}, cell) for place, cell in enumerate(cells)
        )
        return tag("tr", {}, *made)

    body = tag("tbody", {}, *(line(row, "td") for row in rows))
    table = tag("table", {"class": kind} if kind else {}, tag("thead", {}, line(head, "th")), body)
    return tag("div", {"class": "scroll", "tabindex": 0}, table)


def section(name: str, title: str, *children: str) -> Html:
    """A part of the page with its heading; name: its anchor."""
    return tag("section", {"id": name}, tag("h2", {}, title), *children)


def card(title: str, *children: str) -> Html:
    """A box with a small heading."""
    return tag("div", {"class": "card"}, tag("h3", {}, title), *children)


def folded(title: str, *children: str, opened: bool = False) -> Html:
    """A part that opens on demand."""
    return tag("details", {"open": ""} if opened else {}, tag("summary", {}, title), *children)
