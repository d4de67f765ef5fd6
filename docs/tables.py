"""Writes the table of stated errors in `numerics.md` from the registry; with `--check` only compares.

python docs/tables.py
"""

import sys
from pathlib import Path

from tilegrad import _core

PAGE = Path(__file__).resolve().parent / "numerics.md"
BEGIN = "<!-- table of errors: written by docs/tables.py -->\n"
END = "<!-- end of table -->"


def table():
    """One row per activation: error bounds of value and slope in ULP."""
    lines = ["| activation | value, float32 | value, float64 | slope |", "|---|---:|---:|---:|"]
    for entry in _core.registry()["activations"]:
        facts = entry["facts"]
        cells = (f"{facts[name]:g}" for name in ("ulp_f32", "ulp_f64", "ulp_slope"))
        lines.append(f"| `{entry['name']}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def page():
    """The page with the table as it should be."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + table() + END + after


def main():
    """Writes or compares."""
    if "--check" in sys.argv[1:]:
        if page() != PAGE.read_text(encoding="utf-8"):
            raise SystemExit(
                "tables: expected the table of the registry in docs/numerics.md, got another; run docs/tables.py"
            )
    else:
        PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
