"""The page of an inspection: what is in a table, with its cells."""

from pathlib import Path

from sensorium.inspect_deep import Deep
from sensorium.inspect_table import parts_of
from sensorium.modalities import modalities
from sensorium.report import inspect_columns, inspect_findings
from sensorium.report.markup import Html, joined, p, tag, ticked
from sensorium.report.shell import Part, whole_page
from sensorium.tasks import tasks

MEDIA_BYTES = 6_000_000
"""What all media of a page may take, before base64 makes it a third more."""
LEAST_BYTES = 20_000


def inspection_page(path: Path, found: Deep) -> None:
    """Write the page of an inspection."""
    table, plain = found.table, found.plain
    guesses = [column.guess for column in plain.columns]
    inputs = [one for one in guesses if one.role == "input"]
    target = next((one for one in guesses if one.role == "target"), None)
    kinds = {one.column: one.modality for one in guesses if one.role != "target"}
    share = _share(found, [k for k in kinds.values() if k is not None])
    divided = parts_of(table, guesses)
    labels = (
        target is not None and target.modality is not None and tasks.get(target.modality).trees == "classify"
    )
    parts = [
        Part("look", "To look at", _warnings(found)),
        Part("columns", "Columns", inspect_columns.columns(table, plain.columns, share)),
        Part("missing", "Missing cells", inspect_findings.missing(table, table.names)),
    ]
    if divided or target is not None:
        parts.append(Part("parts", "Parts", inspect_findings.parts(table, divided, target, labels)))
    parts.append(Part("near", "Nearly the same", inspect_findings.near(table, found.near, kinds, share)))
    if found.labels is not None:
        body = inspect_findings.label_errors(table, found.labels, inputs, share)
        parts.append(Part("labels", "Suspected labels", body))
    page = whole_page(f"Sensorium: {plain.source}", _headline(found), _facts(found), parts)
    path.write_text(page, encoding="utf-8")


def _share(found: Deep, kinds: list[str]) -> int:
    """The bytes of each medium of the page."""
    media = sum(modalities.get(kind).media for kind in kinds)
    shown = media * inspect_columns.SAMPLES + 2 * inspect_findings.MOST_PAIRS * len(found.near)
    shown += min(media, inspect_findings.MOST_INPUTS) * inspect_findings.MOST_SUSPECTS
    return max(LEAST_BYTES, MEDIA_BYTES // max(1, shown))


def _headline(found: Deep) -> Html:
    plain = found.plain
    read = sum(column.guess.role == "input" for column in plain.columns)
    first = f"{plain.rows:,} rows, {len(plain.columns):,} columns, {read:,} of them inputs"
    return joined(tag("h1", {}, first))


def _facts(found: Deep) -> dict[str, str]:
    plain = found.plain
    cells = sum(column.rows for column in plain.columns)
    gone, broken = (sum(getattr(c, name) for c in plain.columns) for name in ("missing", "corrupt"))
    kinds: dict[str, int] = {}
    for column in plain.columns:
        if column.guess.role == "input" and column.guess.modality:
            kinds[column.guess.modality] = kinds.get(column.guess.modality, 0) + 1
    told = {
        "inputs": ", ".join(f"{name} {count}" for name, count in kinds.items()) or "none",
        "missing cells": f"{gone:,} of {cells:,} ({100 * gone / max(1, cells):.1f} %)",
        "corrupt cells": f"{broken:,} of those looked at",
        "rows like an earlier one": f"{plain.duplicates:,}",
    }
    if plain.splits:
        told["split"] = ", ".join(f"{part} {rows:,}" for part, rows in plain.splits.items())
    if found.labels is not None and found.labels.skipped is None:
        told["suspected labels"] = f"{found.labels.number:,} of {found.labels.judged:,}"
    return told


def _warnings(found: Deep) -> Html:
    if not found.warnings:
        return p("Nothing stands out.")
    return tag("ul", {}, *(tag("li", {}, ticked(text)) for text in found.warnings))
