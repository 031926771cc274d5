"""What a member says of many rows, asked some rows at a time: its matrices stay small.

Letters: N rows, W numbers a row.
"""

import numpy as np

from sensorium.members._base import Member, Numbers
from sensorium.table.prepared import Prepared

AT_ONCE = 1 << 15
"""Rows of which a member is asked together: a row of TF-IDF takes some 3 kB."""


def said(member: Member, data: Prepared) -> Numbers:
    """Numbers of every row: rows are independent, so that the pieces say what the whole would."""
    if len(data) <= AT_ONCE:
        return member.numbers(data)
    starts = range(0, len(data), AT_ONCE)
    pieces = [member.numbers(data.rows(np.arange(s, min(len(data), s + AT_ONCE)))) for s in starts]
    values = {name: np.concatenate([p.values[name] for p in pieces]) for name in pieces[0].values}
    return Numbers(values, np.concatenate([p.answered for p in pieces]))
