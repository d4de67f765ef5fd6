"""Tables of text: columns as wide as their widest cell."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence


def aligned(rows: Iterable[Sequence[str]], *, right: Collection[int] = (), indent: str = "") -> list[str]:
    """The lines of a table, two spaces between columns and none at the end of a line.

    The last cell of a row that is shorter than others runs on over the columns that follow.

    Args:
        rows: Cells by row; a header is a row like any other.
        right: Places of the columns whose cells stand at the right.
        indent: What each line begins with.
    """
    table = [tuple(row) for row in rows]
    count = max(map(len, table), default=0)
    widths = [0] * count
    for row in table:
        # What runs on makes no column wider.
        for place, cell in enumerate(row if len(row) == count else row[:-1]):
            widths[place] = max(widths[place], len(cell))
    lines = []
    for row in table:
        cells = [
            cell.rjust(widths[place]) if place in right else cell.ljust(widths[place]) for place, cell in enumerate(row)
        ]
        lines.append((indent + "  ".join(cells)).rstrip())
    return lines
