"""Runs every comparison and writes ``RESULTS.md`` beside this file.

``make bench-peers``, or ``python -m benches.peers``. The options are those of the single scripts; peers that are not
installed are left out, and the result says so.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The scripts also run by themselves, so they find each other in their own folder: the imports must come after.
sys.path.insert(0, str(HERE))

import epoch  # noqa: E402
import harness  # noqa: E402
import imports  # noqa: E402
import kernels  # noqa: E402
import losses  # noqa: E402
import optim  # noqa: E402
import train_step  # noqa: E402


def main():
    parser = harness.parser(__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=HERE / "RESULTS.md", help="file to write")
    options = parser.parse_args()
    parts = [
        "# tilegrad and its peers, measured",
        "",
        "Ratios hold within a table; other machines give other figures.",
        "",
    ]
    for script in (train_step, epoch, kernels, losses, optim):
        with harness.Session(options) as session:
            parts += [script.tables(session), harness.footer(session), ""]
    parts.append(imports.tables(options))
    options.output.write_text("\n".join(parts).rstrip() + "\n")
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
