"""Markdown tables: written by a run, stored in sections of a file, quoted in the README.

python -m benches.peers.report            writes the README's rows from RESULTS.md
python -m benches.peers.report --check    only compares them
"""

import os
import platform
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "RESULTS.md"
README = HERE.parent.parent / "README.md"

# The families of comparisons in the order of the file: name of the script, title of its section.
FAMILIES = {
    "train_step": "Training steps",
    "epoch": "An epoch",
    "kernels": "Activations and rows",
    "losses": "Losses",
    "optim": "Optimizers",
    "matmul": "Matrix products",
    "disturbed": "Beside a busy process",
    "imports": "Import, cold start, memory",
}
INTRODUCTION = """# tilegrad and its peers, measured

Written by `python -m benches.peers --publish`; [docs/measuring.md](../../docs/measuring.md) explains what is compared, and how.
The best number in each row is bold, and the last columns say how many times as fast tilegrad is as the best peer: below 1 the
peer is faster. Compare numbers within one table only; other machines give other numbers.
"""
BEGIN = "<!-- tables: written by benches/peers/report.py -->\n"
END = "<!-- end of tables -->"
OWN = "tilegrad"


def number(value):
    """Three significant digits with separated thousands; an empty cell for None."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def factor(own, others, more_is_better=False):
    """How many times as fast as the best of the others a result is."""
    return own / max(others) if more_is_better else min(others) / own


def columns(table):
    """Names of the variants in a table's rows: tilegrad's first, then the others peer by peer, in the order they occur."""
    found = list(dict.fromkeys(name for row in table.values() for name in row))
    peers = list(dict.fromkeys([OWN, *(peer(name) for name in found)]))
    return sorted(found, key=lambda name: (peers.index(peer(name)), found.index(name)))


def peer(variant):
    """The peer that a column's name belongs to."""
    return variant.split("-")[0].replace("optax", "jax")


def markdown(title, _session, table, more_is_better=False):
    """A table with one row per case and one column per variant, plus a column with the factor for each variant of tilegrad."""
    names = columns(table)
    own = [name for name in names if peer(name) == OWN]
    headers = [*names, *(f"{name} against the best peer" for name in own)]
    lines = [f"### {title}", "", f"| case | {' | '.join(headers)} |", "|---|" + "---:|" * len(headers)]
    for case, row in table.items():
        if not row:
            continue
        best = (max if more_is_better else min)(row.values())
        cells = [f"**{number(row[name])}**" if row.get(name) == best else number(row.get(name)) for name in names]
        others = [value for name, value in row.items() if peer(name) != OWN]
        cells += [f"{factor(row[name], others, more_is_better):.2f}" if others and name in row else "" for name in own]
        lines.append(f"| {case} | {' | '.join(cells)} |")
    return "\n".join(lines)


def machine():
    """The machine the numbers were measured on, in one line."""
    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as file:
            name = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        # Not Linux: use what Python knows.
        name = name or "unknown processor"
    return (
        f"{name}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, Python {platform.python_version()}"
    )


def command(arguments):
    """The command of this run, without the paths of interpreters and files, which mean nothing elsewhere."""
    script = Path(arguments[0])
    name = "benches.peers" if script.stem == "__main__" else f"benches.peers.{script.stem}"
    words = iter(arguments[1:])
    shown = []
    for word in words:
        if word in ("--python", "--output"):
            word = f"{word}={next(words, '')}"
        if word.startswith("--python="):
            shown.append(f"--python {word.removeprefix('--python=').partition('=')[0]}=...")
        elif not word.startswith("--output="):
            shown.append(word)
    return " ".join(["python -m", name, *shown])


def threads(count):
    """The number of threads in words."""
    return "1 thread" if count == 1 else f"{count} threads"


def heading(key):
    """The title of a section: family and number of threads."""
    count, family = key
    return f"{FAMILIES[family]}, {threads(count)}"


def sections(text):
    """The sections of a file: ``{heading: text}``."""
    parts = text.split("\n## ")[1:]
    return {title.strip(): body.strip() for title, _, body in (part.partition("\n") for part in parts)}


def merged(text, new):
    """The file's text with new sections, ``{(threads, family): text}``, in place of the old ones of the same heading."""
    held = sections(text) | {heading(key): body.strip() for key, body in new.items()}
    order = [heading((count, family)) for count in range(1, 257) for family in FAMILIES]
    parts = [f"## {title}\n\n{held[title]}\n" for title in sorted(held, key=order.index)]
    return "\n".join([INTRODUCTION, *parts])


def put(path, new):
    """Writes sections into a file, which keeps its others."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(merged(path.read_text(encoding="utf-8") if path.exists() else "", new), encoding="utf-8")
    print(f"wrote {path}", file=sys.stderr)


def rows(section):
    """The rows of all tables of a section: ``{(title of the table, case): {column: cell}}``."""
    found = {}
    title, header = "", []
    for line in section.splitlines():
        if line.startswith("### "):
            title, header = line.removeprefix("### "), []
        elif line.startswith("|---"):
            continue
        elif line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if header:
                found[title, cells[0]] = dict(zip(header, cells, strict=True))
            else:
                header = cells
        else:
            header = []
    return found


def value(cell):
    """The number in a cell; infinity for an empty one, so that it is never the smallest."""
    text = cell.replace("*", "").replace(",", "")
    return float(text) if text else float("inf")


def best_of(row, name, more_is_better):
    """The best cell of a peer's variants, without its emphasis."""
    cells = [cell for column, cell in row.items() if peer(column) == name and cell and "against" not in column]
    if not cells:
        return ""
    return (max if more_is_better else min)(cells, key=value).replace("*", "")


def quoted(label, row, names, more_is_better=False):
    """A row of the README: the best variant of each peer, and the factor of tilegrad's best variant."""
    cells = [
        row.get(name, "").replace("*", "") if "-" in name else best_of(row, name, more_is_better) for name in names
    ]
    numbers = [value(cell) for cell in cells if cell]
    best = (max if more_is_better else min)(numbers)
    cells = [f"**{cell}**" if cell and value(cell) == best else cell for cell in cells]
    factors = [cell for column, cell in row.items() if "against" in column and cell]
    return f"| {label} | {' | '.join(cells)} | {max(factors, key=value, default='')} |"


# What the README quotes besides training steps: label, family, start of the table's title, case, whether more is better.
QUOTES = (
    ("One epoch: 60,000 x 784, network 784-128-10, batch 128; s", "epoch", "One epoch, seconds", "784-128-10", False),
    ("Sigmoid, 1,000,000 numbers; GB/s", "kernels", "Activations, 1,000,000", "sigmoid", True),
    ("GELU (tanh form), 1,000,000 numbers; GB/s", "kernels", "Activations, 1,000,000", "gelu_tanh", True),
    ("its gradient; GB/s", "kernels", "Gradients of activations, 1,000,000", "gelu_tanh", True),
    ("Softmax, 1000 x 1000; GB/s", "kernels", "Softmax", "softmax 1000x1000", True),
    ("Cross-entropy and its gradient, 1024 x 10; us", "losses", "Loss and gradient", "ce 1024x10", False),
    ("Cross-entropy and its gradient, 1024 x 1000; us", "losses", "Loss and gradient", "ce 1024x1000", False),
    ("Adam, 1,000,000 parameters in 6 arrays; us", "optim", "Optimizer step, 1,000,000 ", "adam", False),
    ("Adam, 25,000,000 parameters in 160 arrays; us", "optim", "Optimizer step, 25,000,000 ", "adam", False),
)
PEERS = ("numpy", "torch", "jax", "sklearn")
PEER_TITLES = ("NumPy by hand", "PyTorch", "JAX", "scikit-learn", "times as fast as the best peer")


def readme_tables(text):
    """The README's tables, from the text of RESULTS.md."""
    held = sections(text)
    steps = rows(held.get(heading((1, "train_step")), ""))
    names = ("tilegrad-call", "tilegrad-fit", *PEERS)
    lines = table_head("step, one thread, microseconds", "tilegrad, one call", "tilegrad, inside `fit`")
    lines += [quoted(network_words(case), row, names) for (_, case), row in steps.items()]
    lines += ["", *table_head("other work, one thread", "tilegrad")]
    for label, family, title, case, more in QUOTES:
        for (table, name), row in rows(held.get(heading((1, family)), "")).items():
            if table.startswith(title) and (name == case or name.startswith(case + ",")):
                lines.append(quoted(label, row, (OWN, *PEERS), more))
                break
    return "\n".join(lines) + "\n"


def network_words(case):
    """``mlp 784-128-10 bs32`` as the README writes it."""
    _, widths, batch, *rule = case.split()
    return f"{widths}, batch {batch.removeprefix('bs')}, {rule[0].upper() if rule else 'Adam'}"


def table_head(first, *own):
    """The header of a table in the README."""
    cells = [first, *own, *PEER_TITLES]
    return [f"| {' | '.join(cells)} |", "|---|" + "---:|" * (len(cells) - 1)]


def readme():
    """The README as it should be."""
    before, begin, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"report: expected the lines {BEGIN.strip()} and {END} in {README.name}, found none")
    return before + BEGIN + readme_tables(RESULTS.read_text(encoding="utf-8")) + END + after


def write_readme():
    """Updates the tables in the README."""
    README.write_text(readme(), encoding="utf-8")


def main():
    """Writes or compares."""
    if "--check" not in sys.argv[1:]:
        write_readme()
    elif readme() != README.read_text(encoding="utf-8"):
        raise SystemExit(
            "report: expected the numbers of benches/peers/RESULTS.md in README.md, got others; "
            "run python benches/peers/report.py"
        )


if __name__ == "__main__":
    main()
