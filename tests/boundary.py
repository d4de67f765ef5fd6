"""Shared by the tests of the boundary: arguments of any kind, and what an error must look like."""

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

DTYPES = ["float32", "float64", "float16", ">f4", ">f8", "int64", "uint8", "bool", "complex64", "object", "S3", "M8[s]"]
REFUSALS = (ValueError, TypeError)
quietly = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=150)

shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)


@st.composite
def arrays(draw, shape=None):
    """An array of any dtype and layout: strided, reversed, transposed, broadcast, unaligned, read-only."""
    shape = draw(shapes) if shape is None else shape
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    count = int(np.prod(shape, dtype=int))
    base = np.arange(count) % 5
    array = base.astype(dtype).reshape(shape)
    layout = draw(st.sampled_from(["plain", "fortran", "strided", "reversed", "broadcast", "unaligned", "read-only"]))
    if layout == "fortran":
        array = array.copy(order="F")
    elif layout == "strided" and array.ndim:
        array = np.repeat(array, 2, axis=-1)[..., ::2]
    elif layout == "reversed" and array.ndim:
        array = array[::-1]
    elif layout == "broadcast" and array.ndim:
        array = np.broadcast_to(array[:1], shape) if shape[0] else array
    elif layout == "unaligned" and dtype.kind in "fiu":
        buffer = np.zeros(array.nbytes + 1, "u1")
        moved = buffer[1:].view(dtype).reshape(shape) if count else array
        moved[...] = array
        array = moved
    elif layout == "read-only":
        array.flags.writeable = False
    return array


anything = st.one_of(
    arrays(),
    st.none(),
    st.integers(),
    st.floats(),
    st.text(max_size=3),
    st.lists(st.floats(), max_size=3),
    st.just(np.float32(1)),
)


def refused_or(result, call, *given):
    """Makes the call; if it raises an expected error, checks its message and that no array was changed."""
    before = [array.copy() if isinstance(array, np.ndarray) else None for array in given]
    try:
        return result(call())
    except REFUSALS as error:
        message = str(error)
        for array, copy in zip(given, before, strict=True):
            if copy is not None:
                np.testing.assert_array_equal(array, copy)
    assert len(message) > 10
    return None
