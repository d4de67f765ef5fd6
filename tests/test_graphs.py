"""Graphs one can look at: explanation, tree, picture, exercise; the worked examples with their numbers."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
import tilegrad as tg
from hypothesis import given
from hypothesis import strategies as st
from tilegrad import functional as F
from tilegrad import losses, nn, optim
from tilegrad.explain.layout import crossings, layered


def pay(price, count, tax):
    return price * count * tax


def bill(apple, apples, orange, oranges, tax):
    return (apple * apples + orange * oranges) * tax


X, TARGET = np.array([[0.05, 0.10]]), np.array([[0.01, 0.99]])


def half_squares(prediction, target):
    return 0.5 * F.sum_squared_error(prediction, target)


def network():
    """The well-known 2-2-2 network of sigmoids."""
    model = nn.Sequential(nn.Dense(2, 2, "sigmoid", dtype="float64"), nn.Dense(2, 2, "sigmoid", dtype="float64"))
    model.load_state_dict(
        {
            "0.weight": np.array([[0.15, 0.25], [0.20, 0.30]]),
            "0.bias": np.array([0.35, 0.35]),
            "1.weight": np.array([[0.40, 0.50], [0.45, 0.55]]),
            "1.bias": np.array([0.60, 0.60]),
        }
    )
    return model


def lines(text):
    """Lines of a text, with the columns one space apart."""
    return [" ".join(line.split()) for line in str(text).splitlines()]


def words(picture):
    """All lines of text of a picture, which must be well-formed."""
    root = ElementTree.fromstring(picture)
    return [element.text for element in root.iter() if element.tag.endswith("}text")]


# ---- the worked examples -------------------------------------------------------------------------------------------


@pytest.mark.covers("B3: apples and tax")
def test_apples():
    graph = tg.trace(pay)(10.0, 2.0, 1.1)
    assert graph.value == 22.0
    assert graph.gradients == {"price": 2.2, "count": 11.0, "tax": 20.0}
    assert lines(graph.explain()) == [
        "forward value arriving gradient",
        "price 10 2.2",
        "count 2 11",
        "tax 1.1 20",
        "multiply = price * count 20 1.1",
        "multiply_2 = multiply * tax 22 1",
        "backward",
        "multiply_2 -> multiply 1 * 1.1 = 1.1",
        "multiply_2 -> tax 1 * 20 = 20",
        "multiply -> price 1.1 * 2 = 2.2",
        "multiply -> count 1.1 * 10 = 11",
    ]


@pytest.mark.covers("B4: apples and oranges, with boxes to fill in", "B11: drawings of graphs")
def test_apples_and_oranges():
    graph = tg.trace(bill)(100.0, 2.0, 150.0, 3.0, 1.1)
    assert graph.value == pytest.approx(715, rel=1e-15)
    expected = {"apple": 2.2, "apples": 110, "orange": 3.3, "oranges": 165, "tax": 650}
    assert graph.gradients == pytest.approx(expected, rel=1e-15)
    assert str(graph.to_text()).splitlines() == [
        "multiply_3 = 715, gradient 1",
        "├─ add = 650, gradient 1.1",
        "│  ├─ multiply = 200, gradient 1.1",
        "│  │  ├─ apple = 100, gradient 2.2",
        "│  │  └─ apples = 2, gradient 110",
        "│  └─ multiply_2 = 450, gradient 1.1",
        "│     ├─ orange = 150, gradient 3.3",
        "│     └─ oranges = 3, gradient 165",
        "└─ tax = 1.1, gradient 650",
    ]


@pytest.mark.covers("B8: the 2-2-2 network, number by number", "B2: the backward pass, without any network")
def test_the_two_two_two_network():
    model = network()
    graph = tg.trace(model, loss=half_squares)(X, TARGET)
    assert graph.value == pytest.approx(0.2983711087600027, abs=1e-16)
    gradients = {name: graph.gradients[name] for name, _ in model.named_parameters()}
    assert gradients["1.weight"][0, 0] == pytest.approx(0.0821670406, abs=5e-11)
    weights = [model.state_dict()[name] for name in ("0.weight", "1.weight")]
    optim.SGD(learning_rate=0.5).step(weights, [gradients["0.weight"], gradients["1.weight"]])
    np.testing.assert_allclose(weights[1].T.ravel(), [0.35891648, 0.40866619, 0.51130127, 0.56137012], atol=5e-9)
    np.testing.assert_allclose(weights[0].T.ravel(), [0.14978072, 0.19956143, 0.24975114, 0.29950229], atol=5e-9)
    model.load_state_dict({**model.state_dict(), "0.weight": weights[0], "1.weight": weights[1]})
    assert tg.trace(model, loss=half_squares)(X, TARGET).value == pytest.approx(0.29102777369359933, abs=1e-16)


@pytest.mark.covers("B6: add passes on, multiply swaps")
def test_add_passes_on_and_multiply_swaps_also_with_reuse():
    graph = tg.trace(lambda x, y: x + y)(3.0, 4.0)
    assert [float(signal.local) for signal in graph.walk[0]] == [1.0, 1.0]
    graph = tg.trace(lambda x, y: x * y)(3.0, 4.0)
    assert [float(signal.local) for signal in graph.walk[0]] == [4.0, 3.0]
    graph = tg.trace(lambda x: x * x + x)(3.0)
    assert graph.gradients == {"x": 7.0}
    assert [float(signal.passed) for step in graph.walk for signal in step] == [1.0, 1.0, 3.0, 3.0]


@pytest.mark.covers("B6: add passes on, multiply swaps")
def test_add_and_multiply_with_broadcasting():
    graph = tg.trace(lambda x, y: (x * y + y).sum())(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([5.0, 6.0]))
    np.testing.assert_array_equal(graph.gradients["x"], [[5, 6], [5, 6]])
    np.testing.assert_array_equal(graph.gradients["y"], [6, 8])
    assert "add -> y sum of g * 1 over what was repeated = [2, 2]" in lines(graph.explain())
    assert "multiply -> y sum of g * x over what was repeated = [4, 6]" in lines(graph.explain())


@pytest.mark.covers("B7: the chain rule")
def test_the_chain_rule():
    graph = tg.trace(lambda x, y: (x + y) ** 2)(3.0, 4.0)
    assert graph.gradients == {"x": 14.0, "y": 14.0}
    assert graph.arriving == {"x": 14.0, "y": 14.0, "add": 14.0, "square": 1.0}
    assert "square -> add 1 * 14 = 14" in lines(graph.explain())


# ---- what can be traced --------------------------------------------------------------------------------------------


@pytest.mark.covers("B1: the forward pass")
def test_models_and_trainers_are_traced_like_functions():
    model = nn.Sequential(nn.Dense(3, 4, "relu"), nn.Dense(4, 2))
    x, labels = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32), np.array([0, 1, 1, 0, 1])
    graph = tg.trace(model)(x)
    np.testing.assert_array_equal(graph.value, model.predict(x))
    np.testing.assert_allclose(graph.gradients["1.bias"], [5, 5])
    assert "shape (5, 4), norm" in graph.explain()
    trainer = tg.Trainer(model, losses.CrossEntropy(), optim.SGD(0.1))
    graph = tg.trace(trainer)(x, labels)
    assert graph.value == pytest.approx(float(F.cross_entropy(model.predict(x), labels)), rel=1e-6)
    assert "target" not in graph.gradients
    assert tg.trace(losses.MeanSquaredError())(np.array([1.0]), np.array([3.0])).gradients["prediction"] == [-4.0]


def test_a_vector_result_has_the_gradients_of_its_sum():
    graph = tg.trace(lambda x: x * x)(np.array([1.0, 2.0]))
    np.testing.assert_array_equal(graph.value, [1, 4])
    np.testing.assert_array_equal(graph.gradients["x"], [2, 4])


def test_structures_are_named_by_their_keys():
    graph = tg.trace(lambda tree: (tree["a"] * tree["rest"][1]).sum())(
        {"a": np.ones(2), "rest": [np.zeros(2), np.ones(2)]}
    )
    assert list(graph.gradients) == ["tree.a", "tree.rest.1"]


# ---- pictures ------------------------------------------------------------------------------------------------------


@pytest.mark.covers("B11: drawings of graphs", "P11: computation graphs")
def test_the_picture_holds_every_label_value_and_gradient():
    graph = tg.trace(bill)(100.0, 2.0, 150.0, 3.0, 1.1)
    shown = words(graph.draw())
    for name, value in graph.values.items():
        assert any(line.split()[0] == name for line in shown), name
        assert f"{value:.6g}" in shown
        assert f"grad {graph.arriving[name]:.6g}" in shown
    assert graph._repr_svg_() == graph.draw()


@pytest.mark.covers("B11: drawings of graphs")
def test_the_picture_says_what_it_shows():
    root = ElementTree.fromstring(tg.trace(pay)(10.0, 2.0, 1.1).draw())
    title, description = root[0], root[1]
    assert root.get("role") == "img"
    assert root.get("aria-labelledby").split() == [title.get("id"), description.get("id")]
    assert title.text == "Graph of pay: values and gradients"
    assert "multiply -> count 1.1 * 10 = 11" in lines(description.text)


@pytest.mark.covers("B11: drawings of graphs", "P11: computation graphs")
def test_the_backward_pass_step_by_step():
    graph = tg.trace(lambda x: x * x + x)(3.0)
    assert graph.steps == 2
    gradients = [[line for line in words(graph.draw(step)) if line.startswith("grad")] for step in range(3)]
    # The sum node gives 1 to each of its inputs first; then the product adds twice 3 to what x has already.
    assert gradients == [["grad 1"], ["grad 1", "grad 1", "grad 1"], ["grad 7", "grad 1", "grad 1"]]
    assert "step 2 of 2: backward through multiply *" in words(graph.draw(2))
    assert words(graph.draw(2)).count("multiply to x: 1 * 3 = 3") == 2
    for wrong in (-1, 3):
        with pytest.raises(ValueError, match="draw: expected `step` from 0 to 2"):
            graph.draw(wrong)
    for wrong in (True, 1.5):
        with pytest.raises(TypeError, match="draw: expected `step` to be a whole number"):
            graph.draw(wrong)


def test_names_that_need_escaping_are_escaped():
    graph = tg.trace(lambda tree: tree['<a> & "b"'] * 2.0)({'<a> & "b"': 3.0})
    assert 'tree.<a> & "b"' in words(graph.draw())
    assert '\\"b\\"' in graph.to_dot()


@pytest.mark.covers("B11: drawings of graphs")
def test_the_text_for_graphviz():
    dot = tg.trace(lambda x: x * 3.0)(2.0).to_dot().splitlines()
    assert dot[0] == 'digraph "function" {'
    assert '  n0 [label="x\\nvalue 2\\ngrad 3", style=rounded];' in dot
    assert '  n2 [label="multiply *\\nvalue 6\\ngrad 1", peripheries=2];' in dot
    assert dot[-3:] == ["  n0 -> n2;", "  n1 -> n2;", "}"]


def test_a_picture_is_saved(tmp_path):
    graph = tg.trace(pay)(10.0, 2.0, 1.1)
    graph.save(tmp_path / "pay.svg", step=1)
    assert (tmp_path / "pay.svg").read_text(encoding="utf-8") == graph.draw(1)


@given(st.integers(1, 12), st.integers(0, 10**6))
def test_boxes_do_not_overlap_and_edges_go_right(count, seed):
    generator = np.random.default_rng(seed)
    sizes = {node: tuple(generator.uniform(10, 200, 2)) for node in range(count)}
    edges = [tuple(sorted(generator.integers(0, count, 2).tolist())) for _ in range(2 * count)]
    edges = [(a, b) for a, b in edges if a != b]
    layout = layered(sizes, edges)
    boxes = list(layout.boxes.values())
    assert len(boxes) == count
    for place, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[place + 1 :])
        assert box.x >= 0
        assert box.y >= -1e-9
        assert box.x + box.width <= layout.width + 1e-9
        assert box.y + box.height <= layout.height + 1e-9
    for (source, end), route in zip(edges, layout.routes, strict=True):
        assert [x for x, _ in route] == sorted(x for x, _ in route)
        assert route[0] == (layout.boxes[source].x + layout.boxes[source].width, layout.boxes[source].centre[1])
        assert route[-1] == (layout.boxes[end].x, layout.boxes[end].centre[1])
        # A line that passes a layer passes between its boxes.
        for x, y in route[1:-1]:
            assert not any(box.x < x < box.x + box.width and box.y < y < box.y + box.height for box in boxes)


def test_crossings_that_need_not_be_are_undone():
    sizes = dict.fromkeys(range(6), (10, 10))
    edges = [(0, 5), (1, 4), (2, 3)]
    layout = layered(sizes, edges)
    columns = [sorted(part, key=lambda node: layout.boxes[node].y) for part in ([0, 1, 2], [3, 4, 5])]
    assert crossings([[0, 1, 2], [3, 4, 5]], edges) == 3
    assert crossings(columns, edges) == 0


# ---- the exercise --------------------------------------------------------------------------------------------------


@pytest.mark.covers("B4: apples and oranges, with boxes to fill in", "P11: computation graphs")
def test_the_quiz_hides_gradients_and_marks_answers():
    quiz = tg.trace(bill)(100.0, 2.0, 150.0, 3.0, 1.1).quiz()
    assert quiz.questions == ["apple", "apples", "orange", "oranges", "tax", "multiply", "multiply_2", "add"]
    for hidden in (str(quiz.explain()), repr(quiz), "".join(words(quiz.draw())), quiz._repr_svg_()):
        assert not re.search(r"\b(2\.2|110|3\.3|165)\b", hidden)
        assert "?" in hidden
    marks = quiz.check({"apple": 2.2, "orange": 3.30001, "tax": 65})
    assert marks == {"apple": True, "orange": True, "tax": False}
    assert not marks.all_right
    assert repr(marks).splitlines() == [
        "apple: right, 2.2",
        "orange: right, 3.3",
        "tax: wrong, got 65; multiply_3 passes on g * add, and g = 1 arrives there",
        "2 of 3 right",
    ]
    assert quiz.check(quiz.solution()).all_right


def test_the_quiz_on_reuse_and_on_arrays():
    quiz = tg.trace(lambda x: (x * x + x).sum())(np.array([1.0, 2.0])).quiz()
    marks = quiz.check({"x": [3, 4]})
    assert "what comes from several nodes is added" in repr(marks)
    assert "x: wrong, got shape (); a gradient has the shape of its node, (2,)" in repr(quiz.check({"x": 3}))
    assert quiz.check([[3, 5]]).all_right


def test_answers_to_nothing_are_refused():
    quiz = tg.trace(pay)(10.0, 2.0, 1.1).quiz()
    with pytest.raises(ValueError, match=r"check: unknown node 'prise'.*price"):
        quiz.check({"prise": 1})
    with pytest.raises(ValueError, match="check: expected at most 4 answers, got 5"):
        quiz.check([1, 2, 3, 4, 5])


# ---- the picture of a network --------------------------------------------------------------------------------------


@pytest.mark.covers("P12: a network with its numbers", "B8: the 2-2-2 network, number by number")
def test_the_network_picture_holds_its_numbers():
    model = network()
    shown = words(model.draw(X, TARGET, loss=half_squares, values=True, grads=True))
    for number in ("0.05", "0.1", "0.5933", "0.5969", "0.7514", "0.7729", "loss 0.298371", "grad 0.7414"):
        assert number in shown, number
    assert "0.4 | 0.08217" in shown
    assert "b 0.6 | 0.1385" in shown
    assert "layer 0, sigmoid" in shown
    shown = words(model.draw(values=False))
    assert shown.count("1") == 3
    assert not any("0." in line for line in shown)


def test_the_network_picture_of_layers_that_stand_apart():
    model = nn.Sequential(nn.Dense(2, 3), nn.ReLU(), nn.Dropout(0.5), nn.Dense(3, 2), nn.Softmax())
    x = np.array([0.5, -1.0], np.float32)
    shown = words(model.draw(x, 1, loss="cross_entropy", grads=True))
    hidden = F.relu(x @ model[0].weight.value + model[0].bias.value)
    for value in (*hidden, *model.predict(x[None])[0]):
        assert f"{value:.4g}" in shown


def test_wide_layers_are_shown_in_part():
    shown = words(nn.Dense(30, 2).draw(np.ones(30)))
    assert "x (30)" in shown
    assert "⋮" in shown
    assert "30" in shown
    assert "17" not in shown


def test_what_a_network_picture_needs_is_said():
    model = network()
    with pytest.raises(ValueError, match="expected `x` to be one row, got shape"):
        model.draw(np.ones((3, 2)))
    with pytest.raises(ValueError, match="expected `target` and `loss` together"):
        model.draw(X, TARGET)
    with pytest.raises(ValueError, match="expected `x` to show gradients for"):
        model.draw(grads=True)
    with pytest.raises(ValueError, match="expected `model` with dense layers"):
        nn.Sequential(nn.ReLU()).draw(np.ones(2))
