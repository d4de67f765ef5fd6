"""Writes the table of stated errors in `numerics.md` from the registry; with `--check` only compares.

python docs/tables.py
"""

from pathlib import Path

from parts import keep
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


if __name__ == "__main__":
    keep("tables", PAGE, BEGIN, END, table())
