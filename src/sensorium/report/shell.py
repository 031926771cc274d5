"""What pages have in common: one self-contained HTML file that asks nothing of the network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sensorium.report.markup import Html, joined, section, tag
from sensorium.report.style import STYLE

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:"


@dataclass(frozen=True, slots=True)
class Part:
    """One section. name: its anchor."""

    name: str
    title: str
    body: Html


def whole_page(title: str, headline: Html, facts: Mapping[str, str], parts: Sequence[Part]) -> Html:
    """The page. title: of the window and over the heading. headline: what the page says first. facts: small
    print below it."""
    listed = (tag("div", {}, tag("dt", {}, k), tag("dd", {}, v)) for k, v in facts.items())
    nav = tag("nav", {}, *(tag("a", {"href": f"#{part.name}"}, part.title) for part in parts))
    over = tag("p", {"class": "over"}, title)
    header = tag("header", {}, over, headline, tag("dl", {"class": "facts"}, *listed), nav)
    head = tag(
        "head", {},
        tag("meta", {"charset": "utf-8"}),
        tag("meta", {"http-equiv": "Content-Security-Policy", "content": POLICY}),
        tag("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        tag("title", {}, title),
        tag("style", {}, Html(STYLE)),
    )  # fmt: skip
    body = tag("body", {}, tag("main", {}, header, *(section(x.name, x.title, x.body) for x in parts)))
    return joined(Html("<!doctype html>\n"), tag("html", {"lang": "en"}, head, body), "\n")
