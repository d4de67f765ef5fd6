"""What MkDocs fills into the pages: tables and pictures of the registry, where a page has `<!-- registry: kind -->`.

Everything comes from the installed package, so a page cannot say something else than the code.
"""

import io
import re
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import tilegrad as tg
from mkdocs.structure.files import File
from reference import module_page
from tilegrad import plots, schedules
from tilegrad.functional.losses.catalogue import loss_entries
from tilegrad.words.registry import registry

# MkDocs runs a hook without its folder on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent))

MARK = re.compile(r"<!-- registry: (\w+) -->")
MODULES = ("", "functional", "nn", "losses", "optim", "schedules", "metrics", "train", "explain")
PICTURE = re.compile(r"<!-- picture: (\w+) -->")
REGISTRY = {**registry(), "losses": loss_entries()}


def svg(draw, *arguments, **settings):
    """The picture that a function of `tilegrad.plots` draws, as SVG text."""
    axes = draw(*arguments, **settings)
    text = io.StringIO()
    axes.figure.savefig(text, format="svg", metadata={"Date": None})
    plt.close(axes.figure)
    return text.getvalue()


def is_curve(entry):
    """Whether a loss compares numbers one by one, so that it is a curve."""
    return entry["facts"]["kind"] == "point" and not entry["facts"].get("composed")


def pictures():
    """Path to SVG text of every picture of an entry."""
    found = {
        f"pictures/activation-{entry['name']}.svg": svg(plots.plot_activation, entry["name"])
        for entry in REGISTRY["activations"]
    }
    for entry in REGISTRY["losses"]:
        if is_curve(entry):
            found[f"pictures/loss-{entry['name']}.svg"] = svg(plots.plot_loss, entry["name"], derivative=True)
    found["pictures/page-graph.svg"] = tg.trace(pay)(10.0, 2.0, 1.1).draw()
    found["pictures/page-descent.svg"] = svg(plots.plot_descent_paths)
    found["pictures/page-rates.svg"] = svg(plots.plot_learning_rate_effect)
    found["pictures/page-averages.svg"] = svg(
        plots.plot_ewma, np.sin(np.arange(60) / 6) + np.random.default_rng(0).normal(0, 0.4, 60)
    )
    found["pictures/page-schedules.svg"] = svg(
        plots.plot_schedule, schedules.Warmup(schedules.Cosine(1e-3, steps=90), steps=10), 100
    )
    return found


def pay(price, count, tax):
    """The graph that the page on graphs draws."""
    return price * count * tax


def on_files(files, config):
    """Adds the pictures and the reference pages."""
    for part in MODULES:
        name = f"tilegrad.{part}".rstrip(".")
        path = f"api/{part or 'tilegrad'}.md"
        files.append(File.generated(config, path, content=f"# {name}\n\n{module_page(name)}\n"))
    for path, text in pictures().items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown, page, config, files):
    """Fills in what stands for the registry."""
    markdown = PICTURE.sub(r"![\1](pictures/page-\1.svg)", markdown)
    return MARK.sub(lambda match: family(match[1]), markdown)


def family(kind):
    """The table of a family, then each entry with its documentation and picture."""
    entries = REGISTRY[kind]
    return "\n".join([TABLES[kind](entries), *(section(kind, entry) for entry in entries)])


def parameters(entry):
    """Parameters with default and range, for a cell."""
    cells = []
    for parameter in entry["parameters"]:
        default = parameter["default"]
        shown = (
            f"`{parameter['name']}` = {default:g}"
            if isinstance(default, float)
            else f"`{parameter['name']}` = {default}"
        )
        if "choices" in parameter:
            cells.append(f"{shown} of {', '.join(map(str, parameter['choices']))}")
        elif "low" in parameter:
            opening = "[" if parameter["low_closed"] else "("
            closing = "]" if parameter["high_closed"] else ")"
            cells.append(f"{shown} in {opening}{parameter['low']:g}, {parameter['high']:g}{closing}")
        else:
            cells.append(shown)
    return "<br>".join(cells) or "none"


def formula(entry):
    """The first formula of the documentation: its first code span that is more than a name."""
    spans = re.findall(r"`([^`]+)`", entry["doc"])
    return next((f"`{span}`" for span in spans if re.search(r"[=<+*/(]", span)), "")


def activations(entries):
    """Formula, parameters and stated errors."""
    lines = [
        "| name | formula | parameters | error, float32 | error, float64 | error of the slope |",
        "|---|---|---|---:|---:|---:|",
    ]
    for entry in entries:
        facts = entry["facts"]
        errors = " | ".join(f"{facts[name]:g}" for name in ("ulp_f32", "ulp_f64", "ulp_slope"))
        lines.append(f"| [`{entry['name']}`](#{entry['name']}) | {formula(entry)} | {parameters(entry)} | {errors} |")
    return "\n".join([*lines, "", "Errors are in units in the last place; see [numerics](numerics.md)."])


def losses(entries):
    """Formula, parameters, what targets it takes, and whether it can be negative."""
    lines = ["| name | formula | parameters | targets | never negative |", "|---|---|---|---|---|"]
    for entry in entries:
        facts = entry["facts"]
        targets = str(facts["targets"]).replace("_", " ")
        lines.append(
            f"| [`{entry['name']}`](#{entry['name']}) | {formula(entry)} | {parameters(entry)} | {targets} | "
            f"{'yes' if facts['non_negative'] else 'no'} |"
        )
    return "\n".join(lines)


def optimizers(entries):
    """Update, hyperparameters and what is kept for each weight."""
    lines = ["| name | update | hyperparameters | kept for each weight |", "|---|---|---|---|"]
    for entry in entries:
        slots = ", ".join(entry["facts"]["slots"]) or "nothing"
        lines.append(f"| [`{entry['name']}`](#{entry['name']}) | {formula(entry)} | {parameters(entry)} | {slots} |")
    return "\n".join(lines)


TABLES = {"activations": activations, "losses": losses, "optimizers": optimizers}


def section(kind, entry):
    """An entry: documentation, parameters, picture."""
    name = entry["name"]
    lines = [f"\n## `{name}` {{: #{name} }}\n", plain(entry["doc"]), ""]
    aliases = entry.get("aliases")
    if aliases:
        lines.append(f"Also called {', '.join(f'`{alias}`' for alias in aliases)}.\n")
    lines += [f"- `{parameter['name']}`: {parameter['doc']}" for parameter in entry["parameters"]]
    path = f"pictures/{kind.removesuffix('es') if kind == 'losses' else kind.removesuffix('s')}-{name}.svg"
    if kind == "activations" or (kind == "losses" and is_curve(entry)):
        lines += ["", f"![{name} and its derivative]({path})"]
    return "\n".join(lines)


def plain(doc):
    """Documentation of the registry without links to Rust's items; an example as a block of code."""
    prose, _, example = doc.partition("\nExample:\n")
    lines = prose.strip()
    if example:
        lines += (
            "\n\n```pycon\n" + "\n".join(line.removeprefix("    ") for line in example.rstrip().split("\n")) + "\n```"
        )
    return re.sub(r"\[(`[^`]+`)\](?:\([\w:]+\))?(?!\()", r"\1", lines)
