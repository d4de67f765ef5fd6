"""The words that all rooms share: checks of single arguments, and tables of text."""

import decimal
import fractions

import numpy as np
import pytest
from tilegrad.words import checks
from tilegrad.words.tables import aligned

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("value", [1, np.int8(1), np.uint64(1), np.array(1)])
def test_a_whole_number_is_an_int(value):
    assert checks.check_count("f", "n", value) == 1
    assert type(checks.check_count("f", "n", value)) is int


@pytest.mark.parametrize("value", [True, np.True_, 1.0, np.float64(1), "1", None, np.array(1.0), np.array([1, 2])])
def test_what_is_no_whole_number_is_refused(value):
    with pytest.raises(TypeError, match=r"^f: expected `n` to be a whole number, got "):
        checks.check_count("f", "n", value)
    with pytest.raises(TypeError, match=r"^f: expected `n` to be a whole number or None, got "):
        checks.check_count("f", "n", value, kind="a whole number or None")


@pytest.mark.parametrize(
    ("value", "limits", "message"),
    [
        (0, (), "f: expected `n` of at least 1, got 0"),
        (4, (5,), "f: expected `n` of at least 5, got 4"),
        (0, (1, 9), "f: expected `n` from 1 to 9, got 0"),
        (10, (1, 9), "f: expected `n` from 1 to 9, got 10"),
        (2**63, (), f"f: expected `n` from 1 to {2**63 - 1}, got {2**63}"),
    ],
)
def test_a_whole_number_out_of_range_is_refused(value, limits, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        checks.check_count("f", "n", value, *limits)


@pytest.mark.parametrize("value", [1, 1.0, np.float32(1), np.float16(1), np.int64(1), fractions.Fraction(1)])
def test_a_number_is_a_float(value):
    assert checks.check_number("f", "x", value) == 1.0
    assert type(checks.check_number("f", "x", value)) is float


@pytest.mark.parametrize("value", [True, np.True_, "1", None, 1j, np.complex64(1), [1.0], decimal.Decimal(1)])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(TypeError, match=r"^f: expected `x` to be a number, got "):
        checks.check_number("f", "x", value, "[0, inf)")


@pytest.mark.parametrize(
    ("value", "allowed", "message"),
    [
        (NAN, "(-inf, inf)", "to be a finite number, got nan"),
        (-INF, "(-inf, inf)", "to be a finite number, got -inf"),
        (0.0, "(0, inf)", "above 0, got 0.0"),
        (INF, "(0, inf)", "to be a finite number above 0, got inf"),
        (-1e-300, "[0, inf)", "of at least 0, got -1e-300"),
        (NAN, "[0, inf)", "to be a finite number of at least 0, got nan"),
        (1.0, "[0, 1)", "in [0, 1), got 1.0"),
        (0.0, "(0, 1]", "in (0, 1], got 0.0"),
        (NAN, "[0, 1]", "in [0, 1], got nan"),
    ],
)
def test_a_number_out_of_its_interval_is_refused(value, allowed, message):
    with pytest.raises(ValueError, match=r"^f: expected ") as caught:
        checks.check_number("f", "x", value, allowed, hint="; a hint")
    assert str(caught.value) == f"f: expected `x` {message}; a hint"


@pytest.mark.parametrize(
    ("value", "allowed"), [(0, "[0, 1)"), (1, "(0, 1]"), (0.5, "(0, 1)"), (-3, "(-inf, inf)"), (5e-324, "(0, inf)")]
)
def test_a_number_in_its_interval_is_kept(value, allowed):
    assert checks.check_number("f", "x", value, allowed) == value


def test_lists_of_numbers():
    assert checks.check_numbers("f", "x", np.array([1, 2])) == (1.0, 2.0)
    assert checks.check_ascending("f", "x", [0, 2.5]) == (0.0, 2.5)
    for wrong, error in (
        ("12", TypeError),
        (3, TypeError),
        ([1, 1], ValueError),
        ([2, 1], ValueError),
        ([-1], ValueError),
    ):
        with pytest.raises(error, match=r"^f: expected `x`"):
            checks.check_ascending("f", "x", wrong)


def test_flags_and_choices():
    assert checks.check_flag("f", "x", np.False_) is False
    with pytest.raises(TypeError, match=r"^f: expected `x` to be True or False, got 1$"):
        checks.check_flag("f", "x", 1)
    checks.check_choice("f", "x", "b", ("a", "b"))
    for wrong in ("c", True, None):
        with pytest.raises(ValueError, match=r"^f: expected `x` to be one of a, b, got "):
            checks.check_choice("f", "x", wrong, ("a", "b"))


def test_a_table_is_as_wide_as_its_cells():
    rows = [("name", "size", ""), ("a", "10", ""), ("longer", "7", "a note"), ("runs on over all columns",)]
    assert aligned(rows, right={1}, indent="| ") == [
        "| name    size",
        "| a         10",
        "| longer     7  a note",
        "| runs on over all columns",
    ]
    assert aligned([]) == []
