"""Inputs for the tests: hypothesis strategies, and fixed dense samples of the numbers of a dtype.

``test_strategies.py`` tests them in turn: a generator that is constant by mistake makes every test it feeds pass.
"""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

FLOATS = (np.float32, np.float64)

# Where formulas change branch, saturate, overflow or lose their digits.
LANDMARKS = (
    0.0, 1e-45, 1e-40, 1e-38, 1e-20, 1e-8, 1e-4, 0.01, 0.5, 0.6931472, 1.0, 1.2784645, 2.0, 4.9,
    5.5, 8.3, 9.01, 13.2, 16.6, 17.3, 20.0, 36.7, 87.3, 88.7, 103.9, 104.1, 500.0, 708.4, 709.8,
    745.2, 1e4, 1e10, 1e19, 1e20, 3.4e38,
)  # fmt: skip


def dtypes():
    return st.sampled_from(FLOATS)


def shapes(max_rank=3, max_side=9):
    """Shapes of rank 0 to ``max_rank``, with sides of 0 and 1 among them."""
    return hnp.array_shapes(min_dims=0, max_dims=max_rank, min_side=0, max_side=max_side)


def numbers(dtype, finite=False):
    """Any number of the dtype: both signs, subnormal, huge, and (unless ``finite``) infinite or NaN."""
    width = np.dtype(dtype).itemsize * 8
    landmarks = [value for value in LANDMARKS if value == float(np.asarray(value).astype(dtype))] + [0.5, 2.0]
    return st.one_of(
        st.floats(-8.0, 8.0, width=width),
        st.sampled_from([sign * value for value in landmarks for sign in (1.0, -1.0)]),
        st.floats(width=width, allow_nan=not finite, allow_infinity=not finite),
    )


def moderate(dtype, limit=8.0):
    """Finite numbers on both sides of zero, of a size that squares do not overflow."""
    return st.floats(-limit, limit, width=np.dtype(dtype).itemsize * 8, allow_subnormal=True)


@st.composite
def arrays(draw, dtype=None, shape=None, elements=None, finite=False):
    """Contiguous arrays of a float dtype."""
    dtype = draw(dtypes()) if dtype is None else dtype
    shape = draw(shapes()) if shape is None else shape
    elements = numbers(dtype, finite) if elements is None else elements
    return draw(hnp.arrays(dtype, shape, elements=elements))


@st.composite
def strided(draw, array_strategy=None):
    """Pairs of an array that is not contiguous and its contiguous copy: steps, reversals, transposes, Fortran order."""
    plain = draw(
        arrays(shape=draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=2, max_side=7)))
        if array_strategy is None
        else array_strategy
    )
    kind = draw(st.sampled_from(["step", "reverse", "fortran", "window"]))
    if plain.ndim < 2 and kind in ("fortran", "window"):
        kind = "step"
    if kind == "step":
        backing = np.zeros((*plain.shape[:-1], plain.shape[-1] * 3), plain.dtype)
        view = backing[..., ::3]
    elif kind == "reverse":
        view = np.zeros_like(plain)[::-1]
    elif kind == "fortran":
        view = np.zeros_like(plain, order="F")
    else:
        view = np.full([side + 2 for side in plain.shape], 77, plain.dtype)[tuple(slice(1, -1) for _ in plain.shape)]
    view[...] = plain
    return view, plain


def sample(dtype, count=60_000, seed=0):
    """A fixed dense sample: uniform bit patterns (every exponent, both signs), a grid over -20..20, the landmarks."""
    dtype = np.dtype(dtype)
    generator = np.random.default_rng(seed)
    bits = generator.integers(0, 2 ** (8 * dtype.itemsize), count, dtype=f"u{dtype.itemsize}").view(dtype)
    grid = np.linspace(-20, 20, count // 2)
    with np.errstate(over="ignore"):
        landmarks = np.array([*LANDMARKS, np.inf]).astype(dtype)
    edges = np.concatenate(
        [landmarks, np.nextafter(landmarks, dtype.type(0)), np.nextafter(landmarks, dtype.type(np.inf))]
    )
    return np.concatenate([bits[~np.isnan(bits)], grid.astype(dtype), edges, -edges])


def logits_and_labels(rows, columns, dtype=np.float64, seed=0, scale=3.0):
    """A reproducible batch of scores with a class for each row."""
    generator = np.random.default_rng([seed, rows, columns])
    return (scale * generator.standard_normal((rows, columns))).astype(dtype), generator.integers(0, columns, rows)


def blobs(rows, features, classes, dtype=np.float32, seed=0, spread=1.0):
    """A classification that a small network learns at once: a cloud of points around a centre for each class."""
    generator = np.random.default_rng([seed, rows, features, classes])
    centres = 3.0 * generator.standard_normal((classes, features))
    labels = np.arange(rows) % classes
    generator.shuffle(labels)
    return (centres[labels] + spread * generator.standard_normal((rows, features))).astype(dtype), labels
