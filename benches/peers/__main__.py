"""Runs all comparisons and writes one file of tables, with machine, versions and ratios.

``make bench-peers``, or ``python -m benches.peers``. The options are those of the individual scripts; peers that are not
installed are left out, and the result says so. Without ``--output`` or ``--publish`` the file is ``build/peers.md``.
"""

import importlib
import importlib.util
import sys
import time

import harness
import report


def chosen(names):
    """The scripts to run: those named, or all."""
    unknown = set(names) - set(report.FAMILIES)
    if unknown:
        raise SystemExit(f"--families: expected some of {', '.join(report.FAMILIES)}, got {', '.join(sorted(unknown))}")
    return [family for family in names or report.FAMILIES if importlib.util.find_spec(family)]


def main():
    parser = harness.parser(__doc__.splitlines()[0])
    parser.add_argument(
        "--families", default="", help=f"which of {', '.join(report.FAMILIES)}, separated by commas (default: all)"
    )
    options = harness.parsed(parser)
    path = harness.destination(options) or harness.HERE.parent.parent / "build" / "peers.md"
    for family in chosen([name for name in options.families.split(",") if name]):
        begin = time.monotonic()
        text = harness.section(options, importlib.import_module(family).tables)
        print(f"{report.FAMILIES[family]}: {time.monotonic() - begin:.0f} s", file=sys.stderr)
        if text:
            # Every section is written immediately, so that it is kept if a later one fails.
            report.put(path, {(options.threads, family): text})
    if options.publish:
        report.write_readme()


if __name__ == "__main__":
    main()
