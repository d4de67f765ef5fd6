"""Compiled functions called again: the call that the core answers alone gives what the first one gave through Python."""

import threading

import numpy as np
import pytest
import tilegrad as tg
from tilegrad import _core
from tilegrad import functional as F
from tilegrad.transform.gradients import Gradients

RNG = np.random.default_rng(0)
LOGITS = RNG.standard_normal((6, 4)).astype(np.float32)
LABELS = RNG.integers(0, 4, 6)


def mix(tree, scale, *, power=2, sign="plus"):
    """A function of a nested structure, a number and settings."""
    first, (second, third) = tree["a"], tree["rest"]
    value = ((first * second + third) ** power).sum() * scale
    return value if sign == "plus" else -value


def tree(dtype=np.float32, rows=3):
    return {"a": np.full((rows, 2), 2.0, dtype), "rest": [np.ones((rows, 2), dtype), np.full(2, 0.5, dtype)]}


def leaves(value):
    if isinstance(value, dict):
        return [("key", *value)] + [leaf for each in value.values() for leaf in leaves(each)]
    if isinstance(value, list | tuple):
        return [type(value)] + [leaf for each in value for leaf in leaves(each)]
    if isinstance(value, np.ndarray):
        return [(value.dtype, value.shape, value.tobytes())]
    return [(type(value), value)]


def check_again(function, *arguments, **settings):
    """Calls twice, and asks that the second call has the same structure, types and bits."""
    first = function(*arguments, **settings)
    second = function(*arguments, **settings)
    assert leaves(first) == leaves(second)
    return second


CASES = {
    "labels": (F.cross_entropy, (LOGITS, LABELS), {}),
    "labels int32": (F.cross_entropy, (LOGITS, LABELS.astype(np.int32)), {}),
    "labels uint8": (F.cross_entropy, (LOGITS, LABELS.astype(np.uint8)), {}),
    "labels bool": (F.cross_entropy, (LOGITS, LABELS > 1), {}),
    "settings": (F.cross_entropy, (LOGITS, LABELS), {"label_smoothing": 0.1, "reduction": "sum", "ignore_index": 2}),
    "distributions": (F.cross_entropy, (LOGITS, np.full((6, 4), 0.25, np.float32)), {}),
    "float64": (F.mean_squared_error, (np.float64(LOGITS), np.ones((6, 4))), {}),
    "numbers": (lambda x, y: x * y + x, (2.0, 3), {}),
    "number beside float32": (lambda x, y: (x * y).sum(), (LOGITS, 0.1), {}),
    "tree": (mix, (tree(), 1.5), {}),
    "tree with settings": (mix, (tree(np.float64), 2), {"power": 3, "sign": "minus"}),
    "positional setting": (lambda x, kind: F.mean_squared_error(x, x * 0.5, reduction=kind), (LOGITS, "sum"), {}),
    "single number array": (lambda x: x * x, (np.array(3.0, np.float32),), {}),
    "empty": (lambda x: (x * x).sum(), (np.zeros((0, 3)),), {}),
}


@pytest.mark.parametrize("case", CASES)
def test_the_second_call_is_as_the_first(case):
    function, arguments, settings = CASES[case]
    check_again(tg.value_and_grad(function), *arguments, **settings)
    check_again(tg.grad(function), *arguments, **settings)
    check_again(tg.jit(function), *arguments, **settings)


def test_the_core_answers_the_second_call():
    function = Gradients("value_and_grad", F.cross_entropy, 0)
    fast = function.cache.fast
    assert fast((LOGITS, LABELS), {}) is None
    expected = function((LOGITS, LABELS), {})
    assert leaves(fast((LOGITS, LABELS), {})) == leaves(expected)
    assert leaves(fast((LOGITS, LABELS.astype(np.int16)), {})) == leaves(expected)
    for other in (LOGITS.astype(np.float64), LOGITS[:5], LOGITS.astype(">f4"), LOGITS.view(np.matrix), LOGITS.tolist()):
        assert fast((other, LABELS), {}) is None
    assert fast((LOGITS, LABELS), {"reduction": "mean"}) is None
    assert fast((LOGITS,), {}) is None


def test_other_shapes_and_dtypes_get_plans_of_their_own():
    function = tg.value_and_grad(F.mean_squared_error, argnums=0)
    for _ in range(3):
        for rows in range(1, 14):
            for dtype in (np.float32, np.float64):
                x = np.arange(rows, dtype=dtype)
                value, gradient = function(x, np.zeros(rows, dtype))
                assert gradient.dtype == dtype
                np.testing.assert_allclose(gradient, 2 * x / rows, rtol=1e-6)
                assert value == pytest.approx(float((x * x).mean()))


def test_settings_of_other_types_are_not_mixed_up():
    function = tg.jit(lambda x, *, power: x**power if power is not True else x + 100.0)
    for _ in range(3):
        assert function(np.array([3.0]), power=1)[0] == 3.0
        assert function(np.array([3.0]), power=1.0)[0] == 3.0
        assert function(np.array([3.0]), power=True)[0] == 103.0
        assert function(np.array([3.0]), power=2)[0] == 9.0


def test_results_are_new_arrays():
    double = tg.jit(lambda x: (x + x, x + x, x))
    x = np.ones((300, 300), np.float32)
    for _ in range(4):
        first, second, third = double(x)
        first[...] = 7.0
        assert [second[0, 0], third[0, 0], x[0, 0]] == [2.0, 1.0, 1.0]
    kept = [double(np.full((300, 300), number, np.float32))[0] for number in range(6)]
    assert [each[5, 5] for each in kept] == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    assert all(each.flags.writeable and each.flags.c_contiguous for each in kept)


def test_views_of_any_layout():
    function = tg.value_and_grad(F.cross_entropy, argnums=0)
    _, expected = check_again(function, LOGITS, LABELS)
    wide = np.zeros((6, 8), np.float32)
    wide[:, ::2] = LOGITS
    unaligned = np.zeros(LOGITS.nbytes + 1, np.uint8)[1:].view(np.float32).reshape(LOGITS.shape)
    unaligned[...] = LOGITS
    for same in (wide[:, ::2], np.asfortranarray(LOGITS), LOGITS[::-1].copy()[::-1], unaligned):
        assert function(same, LABELS)[1].tobytes() == expected.tobytes()
    assert function(LOGITS, np.repeat(LABELS, 2)[::2])[1].tobytes() == expected.tobytes()


def test_wrong_labels_get_their_error_message_each_time():
    function = tg.value_and_grad(F.cross_entropy, argnums=0)
    right = function(LOGITS, LABELS)
    for label in (4, -1, 2**40, -(2**31) - 1):
        wrong = LABELS.copy()
        wrong[2] = label
        for _ in range(2):
            with pytest.raises(ValueError, match=r"labels"):
                function(LOGITS, wrong)
    assert leaves(function(LOGITS, LABELS)) == leaves(right)


def test_numbers_too_large_for_a_float_are_refused():
    square = tg.jit(lambda x: x * x)
    assert square(3) == square(3) == 9.0
    with pytest.raises(OverflowError):
        square(10**400)


def test_traced_values_go_through_a_compiled_function():
    inner = tg.jit(lambda x: x * x)
    assert inner(2.0) == inner(2.0) == 4.0
    outer = tg.grad(lambda x: inner(x) * x)
    assert outer(2.0) == outer(2.0) == 12.0
    assert tg.grad(tg.grad(lambda x: x * x * x))(2.0) == 12.0


@pytest.mark.parametrize("rows", [4, 2000])
def test_many_threads_call_one_function(rows):
    function = tg.value_and_grad(lambda x: (x * x).sum())
    arrays = [np.full((rows, 50), float(number), np.float32) for number in range(4)]
    expected = [leaves(function(array)) for array in arrays]
    wrong = []

    def call(number):
        for _ in range(40):
            if leaves(function(arrays[number])) != expected[number]:
                wrong.append(number)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_core_keeps_only_what_it_can_tell_apart():
    calls = _core.Calls()
    graph = _core.Graph()
    x = graph.input("x", (2,), "float64")
    plan = graph.compile([graph.apply("add", [x, x])])
    array, key = np.ones(2), ("array", (2,), "float64")
    setting = ("setting", frozenset, frozenset({1}))
    calls.keep(((key, setting), (), (), "float64"), plan, ("array",))
    assert calls.run((array, frozenset({1})), {}) is None
    calls.keep(((key,), ("mode",), (("setting", str, "fast"),), "float64"), plan, ("list", ("array",)))
    assert calls.run((array,), {"mode": "fast"})[0].tolist() == [2.0, 2.0]
    assert calls.run((array,), {"mode": "".join(["fa", "st"])})[0].tolist() == [2.0, 2.0]
    assert calls.run((array,), {"mode": "slow"}) is None
    assert calls.run((array,), {"made": "fast"}) is None
    for keys, form in [
        (((key,), (), (), "float16"), ("array",)),
        (((("array", (2,), "float16"),), (), (), "float64"), ("array",)),
        (((("arrays", (2,), "float64"),), (), (), "float64"), ("array",)),
        (((key,), (), (), "float64"), ("sparse",)),
    ]:
        with pytest.raises((TypeError, ValueError), match=r"^keep: expected"):
            _core.Calls().keep(keys, plan, form)
    for key in ((), (1, 2, 3, 4), ((("array",),), (), (), 5)):
        with pytest.raises((TypeError, ValueError)):
            _core.Calls().keep(key, plan, ("array",))
