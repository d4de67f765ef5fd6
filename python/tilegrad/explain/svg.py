"""SVG text written by hand, so that pictures need nothing to be installed."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    import os


# Width of a letter of the monospaced font, as a share of its size.
LETTER = 0.61
SIZE, SMALL = 13, 11.5
BLUE, INK = "#0060a8", "#1a1a1a"


class Picture(str):
    """An SVG text that a notebook shows as a picture.

    Example:
        >>> import tilegrad as tg
        >>> picture = tg.trace(lambda x: x * x)(3.0).draw()
        >>> picture.save("square.svg")
    """

    __slots__ = ()

    def _repr_svg_(self) -> str:
        return str(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the text into a file, which should end in ``.svg``."""
        Path(path).write_text(self, encoding="utf-8")

    def __repr__(self) -> str:
        return f"Picture of {len(self)} characters of SVG; save(path) writes it"


def text(x: float, y: float, content: str, *, size: float = SIZE, anchor: str = "middle", style: str = "") -> str:
    """A line of text; ``y`` is its middle."""
    place = f'x="{x:.1f}" y="{y + 0.35 * size:.1f}" font-size="{size:g}" text-anchor="{anchor}"'
    return f"<text {place}{style}>{escape(content)}</text>"


def document(width: float, height: float, title: str, description: str, parts: Sequence[str]) -> Picture:
    """A whole SVG document of these parts, with a title and a description for screen readers."""
    body = "\n".join(parts)
    # Several pictures in one page must not share the names of their parts.
    mark = f"tg{zlib.crc32((title + body).encode()):08x}"
    arrows = "".join(
        f'<marker id="{mark}-{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="{side}" markerHeight="{side}" '
        f'orient="auto-start-reverse"><path d="M0 0 L10 5 L0 10 z" fill="{colour}"/></marker>'
        for name, colour, side in (("forward", "#555555", 7), ("back", BLUE, 5))
    )
    return Picture(
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="{mark}-title {mark}-desc" '
        f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.1f} {height:.1f}" '
        f'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" fill="{INK}">\n'
        f'<title id="{mark}-title">{escape(title)}</title>\n<desc id="{mark}-desc">{escape(description)}</desc>\n'
        f'<defs>{arrows}</defs>\n<rect width="100%" height="100%" fill="white"/>\n'
        f"{body.replace('url(#', f'url(#{mark}-')}\n</svg>\n"
    )


def width_of(content: str, size: float = SIZE) -> float:
    """Width of a line of text, as the font draws it."""
    return len(content) * LETTER * size
