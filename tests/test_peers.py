"""The comparisons' own arithmetic and tables, and that the README quotes what was measured."""

import argparse
import importlib
import sys

import pytest
from conftest import ROOT

FOLDER = ROOT / "benches" / "peers"


@pytest.fixture(scope="module", autouse=True)
def folder():
    """The scripts find each other by their folder."""
    sys.path.insert(0, str(FOLDER))
    yield
    sys.path.remove(str(FOLDER))


@pytest.fixture(scope="module")
def report(folder):
    return importlib.import_module("report")


@pytest.fixture(scope="module")
def harness(folder):
    return importlib.import_module("harness")


TIMES = {
    "small": {"jax": 44.0, "tilegrad-call": 2.5, "torch": 200.0, "tilegrad-fit": 2.0},
    "large": {"tilegrad-call": 1234.5, "torch": 999.4, "torch-fused": 800.0},
}


def test_the_readme_quotes_the_results(report):
    assert report.readme() == report.README.read_text(encoding="utf-8"), (
        "README.md and benches/peers/RESULTS.md differ: run python benches/peers/report.py"
    )
    assert report.readme_tables(report.RESULTS.read_text(encoding="utf-8")).count("\n") > 12


def test_numbers_have_three_digits(report):
    assert [report.number(value) for value in (None, 0.0123456, 9.876, 12.34, 123.4, 1234567.8)] == [
        *("", "0.0123", "9.88", "12.3", "123", "1,234,568"),
    ]


def test_factors_are_above_one_where_tilegrad_is_faster(report):
    assert report.factor(2.0, [10.0, 8.0]) == 4.0
    assert report.factor(20.0, [10.0, 8.0], more_is_better=True) == 2.0
    assert report.factor(5.0, [4.0]) == 0.8


def test_a_table_has_tilegrad_first_the_best_in_bold_and_a_factor_for_each_form(report):
    lines = report.markdown("Title", None, TIMES).splitlines()
    assert lines[2] == (
        "| case | tilegrad-call | tilegrad-fit | jax | torch | torch-fused "
        "| tilegrad-call against the best peer | tilegrad-fit against the best peer |"
    )
    assert lines[4] == "| small | 2.5 | **2** | 44 | 200 |  | 17.60 | 22.00 |"
    assert lines[5] == "| large | 1,234 |  |  | 999 | **800** | 0.65 |  |"


def test_a_table_without_peers_has_no_factor(report):
    assert report.markdown("Title", None, {"a": {"tilegrad": 1.0}}).splitlines()[-1] == "| a | **1** |  |"


def test_sections_are_replaced_in_place_and_kept_in_order(report):
    text = report.merged("", {(1, "losses"): "old losses", (2, "train_step"): "two"})
    text = report.merged(text, {(1, "train_step"): "one", (1, "losses"): "new losses"})
    assert list(report.sections(text).items()) == [
        ("Training steps, 1 thread", "one"),
        ("Losses, 1 thread", "new losses"),
        ("Training steps, 2 threads", "two"),
    ]
    assert text.startswith("# tilegrad and its peers")
    assert report.merged(text, {}) == text


def test_rows_are_read_back(report):
    section = (
        report.markdown("First", None, TIMES) + "\n\nmachine\n- a note\n\n" + report.markdown("Second", None, TIMES)
    )
    found = report.rows(section)
    assert list(found) == [("First", "small"), ("First", "large"), ("Second", "small"), ("Second", "large")]
    assert found["First", "large"]["torch-fused"] == "**800**"


def test_the_best_form_of_a_peer_is_quoted(report):
    row = report.rows(report.markdown("T", None, TIMES))["T", "large"]
    assert report.quoted("x", row, ("tilegrad-call", "torch", "jax")) == "| x | 1,234 | **800** |  | 0.65 |"
    speeds = {"a": {"tilegrad": 20.0, "torch": 5.0, "torch-compile": 7.0}}
    row = report.rows(report.markdown("T", None, speeds, True))["T", "a"]
    assert report.quoted("x", row, ("tilegrad", "torch"), True) == "| x | **20** | 7 | 2.86 |"


def test_networks_are_named_in_words(report):
    assert report.network_words("mlp 784-128-10 bs32") == "784-128-10, batch 32, Adam"
    assert report.network_words("mlp 784-128-10 bs1 sgd") == "784-128-10, batch 1, SGD"


def test_plain_tables_are_read_like_others(folder, report):
    epoch = importlib.import_module("epoch")
    assert epoch.turned({"a": (1, 2), "b": (3, 4)}, ["x", "y"]) == {"x": {"a": 1, "b": 3}, "y": {"a": 2, "b": 4}}
    text = epoch.plain("Title", {"x": {"a": 1234.4, "b": 3.0}})
    assert report.rows(text) == {("Title", "x"): {"": "x", "a": "1,234", "b": "3"}}


def test_every_family_is_a_script_with_tables(folder, report):
    for family in report.FAMILIES:
        module = importlib.import_module(family)
        assert callable(module.tables), family
        assert f"python -m benches.peers.{family}" in module.__doc__, family


def test_a_command_is_shown_without_places(report):
    arguments = [
        "/somewhere/__main__.py",
        "--python",
        "torch=/a/python",
        "--output=/b/c.md",
        "--quick",
        "--threads",
        "2",
    ]
    assert report.command(arguments) == "python -m benches.peers --python torch=... --quick --threads 2"
    assert report.command(["losses.py", "--only", "ce"]) == "python -m benches.peers.losses --only ce"


class Blocks:
    """Answers with blocks (seconds, share of waiting) in the order given."""

    name = "peer"

    def __init__(self, *blocks):
        self.blocks = list(blocks)

    def ask(self, order, variant):
        assert order == "block"
        if not self.blocks:
            return {"error": "the worker ended with code -9"}
        seconds, waited = self.blocks.pop(0)
        return {"seconds": seconds, "waited": waited}


def session(harness, **options):
    """A session without workers."""
    found = object.__new__(harness.Session)
    found.options = argparse.Namespace(**{"blocks": 3, "most": 60.0} | options)
    found.notes, found.disturbed = [], {}
    return found


def test_the_median_of_the_blocks_counts(harness, capsys):
    run = session(harness)
    taken = run.rounds([(Blocks((3.0, 0.0), (1.0, 0.0), (2.0, 0.0)), "a")])
    assert run.medians("case", taken) == {"a": 2.0}
    assert not run.disturbed


def test_a_disturbed_block_is_taken_again(harness):
    peer = Blocks((9.0, 0.5), (8.0, 0.03), (1.0, 0.01), (7.0, 0.0))
    assert session(harness).block(peer, "a") == (1.0, 0.01)
    assert peer.blocks == [(7.0, 0.0)]


def test_the_least_disturbed_block_counts_when_all_were_and_is_noted(harness, capsys):
    run = session(harness, blocks=1)
    taken = run.rounds([(Blocks(*[(5.0, 0.5)] * 2, (4.0, 0.1), *[(5.0, 0.5)] * 3), "a")])
    assert taken == {"a": [(4.0, 0.1)]}
    run.medians("case", taken)
    assert run.disturbed == {"case": ["a"]}


def test_a_worker_that_dies_takes_nothing_with_it(harness, capsys):
    run = session(harness)
    taken = run.rounds([(Blocks((1.0, 0.0)), "dies"), (Blocks(*[(2.0, 0.0)] * 3), "lives")])
    assert run.medians("case", taken) == {"lives": 2.0}
    assert len(run.notes) == 1
    assert "dies left out" in run.notes[0]


def test_long_cases_take_fewer_blocks(harness):
    taken = session(harness, blocks=5, most=0.0).rounds([(Blocks(*[(1.0, 0.0)] * 5), "a")])
    assert len(taken["a"]) == harness.FEWEST_BLOCKS


def test_a_peer_that_computes_something_else_is_named(harness):
    run = session(harness)
    run.compare("case", {"a": [1.0, 2.0], "b": [1.0, 2.0001], "c": [1.1, 2.0], "d": None})
    assert len(run.notes) == 1
    assert "c computed 1.1" in run.notes[0]


def test_quick_runs_take_fewer_and_shorter_blocks(harness):
    options = harness.parsed(harness.parser("x"), ["--quick"])
    assert (options.blocks, options.seconds) == (3, 0.005)
    options = harness.parsed(harness.parser("x"), ["--quick", "--blocks", "9"])
    assert (options.blocks, options.seconds) == (9, 0.005)


def test_only_takes_several_texts(harness):
    options = harness.parsed(harness.parser("x"), ["--only", "adam 1,ce 64"])
    assert harness.wanted(options, "ce 64x10")
    assert harness.wanted(options, "adam 10000")
    assert not harness.wanted(options, "sgd 10000")


def test_options_out_of_range_are_refused(harness):
    with pytest.raises(SystemExit, match="--threads: expected 1 or more, got 0"):
        harness.parsed(harness.parser("x"), ["--threads", "0"])
    with pytest.raises(SystemExit, match="--python: expected one of"):
        harness.interpreters(harness.parsed(harness.parser("x"), ["--python", "mxnet=/usr/bin/python"]))


def test_a_missing_peer_says_how_it_is_named(harness):
    assert "--python torch=" in harness.missing("torch", "ModuleNotFoundError: No module named 'torch'")
