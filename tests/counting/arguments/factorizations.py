"""Arguments of factorizations."""

from hypothesis import strategies as st

from tests.counting.arguments.tensors import call, shapes, tensors

matrix = tensors(shape=shapes(1, 3))

ARGUMENTS = {
    "linalg_qr.default": st.one_of(call(matrix), call(matrix, st.sampled_from(("reduced", "complete", "r")))),
}
