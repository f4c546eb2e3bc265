"""Torch's own list of operators, each with its own examples: counted, free by name, or named as unknown."""

import pytest
import torch

from attnprof.counting.dispatch import CountingMode
from attnprof.counting.kernels import KernelRunner
from attnprof.counting.memory import LiveMemory
from attnprof.counting.rules import find, no_flops
from attnprof.counting.submodules import SubmoduleTracker
from tests.every_case import every_case

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
MOST_EXAMPLES = 200  # of each operator, many of which are empty
ON_CUDA_ALONE = "jiterator"
# Of whole numbers alone, whatever their examples hold beside them.
OF_INTEGERS = frozenset(
    [
        "bitwise_not",
        "bitwise_left_shift",
        "bitwise_right_shift",
        "bitwise_and",
        "bitwise_or",
        "bitwise_xor",
        "__rand__",
        "__ror__",
        "__rxor__",
        "lcm",
        "gcd",
        "combinations",
        "unravel_index",
        "take_along_dim",
        "nn.functional.one_hot",
    ]
)
# Views, and tensors that are allocated and not written.
MOST_WITHOUT_AN_OPERATOR = 65


def operators():
    from torch.testing._internal.common_methods_invocations import op_db

    return [op for op in op_db if op.supported_dtypes("cpu") and not op.name.startswith(ON_CUDA_ALONE)]


def counted(op):
    """The calls of an operator's examples up to the first that costs something, and operators without rule."""
    dtypes = op.supported_dtypes("cpu")
    dtype = torch.float32 if torch.float32 in dtypes else min(dtypes, key=str)
    calls = []
    for sample, _ in zip(op.sample_inputs("cpu", dtype), range(MOST_EXAMPLES), strict=False):
        mode = CountingMode(SubmoduleTracker([]), LiveMemory(), KernelRunner(keeps_values=False))
        with torch.no_grad(), mode:
            op.op(sample.input, *sample.args, **sample.kwargs)
        calls += mode.calls
        if mode.unknown or any(n for call in calls for _, n in call.cost):
            return calls, mode.unknown
    return calls, set()


def is_free(call):
    return find(call.operator).flops is no_flops


@pytest.fixture
def examples_of_no_test(monkeypatch):
    """Spare the examples the search for the test that draws them: it looks up the source of every frame.

    Importing them forbids the whole process to set the flags of its backends, which other tests do.
    """
    monkeypatch.setattr(torch.backends, "disable_global_flags", lambda: None)
    for place in ("common_utils", "opinfo.core"):
        monkeypatch.setattr(f"torch.testing._internal.{place}.extract_test_fn", lambda: None)


@pytest.mark.usefixtures("examples_of_no_test")
def test_no_operator_of_torchs_list_is_a_silent_zero():
    silent, without_operator = set(), []
    with every_case() as case:
        for op in operators():
            with case(f"{op.name} {op.variant_test_name}"):
                calls, unknown = counted(op)
                flops = sum(n for call in calls for _, n in call.cost)
                if not calls and not unknown:
                    without_operator.append(op.name)
                if not flops and not unknown and not all(map(is_free, calls)):
                    silent.add(op.name)
    assert silent == OF_INTEGERS
    assert len(without_operator) <= MOST_WITHOUT_AN_OPERATOR, without_operator
