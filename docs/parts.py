"""What scripts share that write a part of a page: it stands between two comments, and may be compared only."""

import sys


def keep(script, page, begin, end, part):
    """Writes the part into the page; with ``--check`` on the command line an error if it is not what stands there."""
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    found, _, after = rest.partition(end)
    if "--check" not in sys.argv[1:]:
        page.write_text(before + begin + part + end + after, encoding="utf-8")
    elif found != part:
        raise SystemExit(f"{script}: expected docs/{page.name} as the package is, got another; run docs/{script}.py")
