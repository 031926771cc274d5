"""The report page: one self-contained HTML file."""

import html
from pathlib import Path

from sensorium.results import Report
from sensorium.train.run import Run


def write_page(path: Path, run: Run, report: Report) -> None:
    """Write the page of a run."""
    path.write_text(f"<pre>{html.escape(str(report))}\n{html.escape(run.how)}</pre>", encoding="utf-8")
