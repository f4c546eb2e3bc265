"""Shape functions say what torch's own kernels say: on meta, and where those say something else than the
CPU's, on the CPU.

A new shape function is tested the moment it exists: until arguments/ has a strategy for its operator, a test
fails.
"""

import pytest
import torch
from hypothesis import HealthCheck, given, note, settings
from torch import nn

from attnprof.counting import account, cost, rules
from attnprof.counting.verification import check_output
from tests.counting.arguments import ARGUMENTS
from tests.counting.arguments.tensors import on_cpu, with_spoiled

law = settings(derandomize=True, deadline=None, max_examples=20, suppress_health_check=list(HealthCheck))

# Where torch's meta kernel says something else than its CPU kernel, and why; CUDA does as the CPU, but for
# the halves.
_DECOMPOSED_BACKWARD = (
    "elu gelu hardsigmoid hardswish hardtanh leaky_relu mish sigmoid softplus tanh threshold"
)
_DECOMPOSED = "its meta kernel is a decomposition, with an order of dimensions of its own"
AS_THE_CPU = {
    "convolution.default": "on meta it is never channels last",
    "roll.default": "on meta it is never channels last",
    "native_batch_norm.default": "on meta it saves statistics in eval mode too, and those of halves in single precision",
    "native_batch_norm_backward.default": "on meta it makes the input's gradient, asked for or not",
    "native_layer_norm.default": "on meta it saves statistics of halves in single precision, as CUDA does",
    **dict.fromkeys(("heaviside.default", "logaddexp.default", "xlogy.Tensor"), _DECOMPOSED),
    "upsample_bilinear2d.default": "on meta expanded halves become channels last",
    **{f"{name}_backward.default": _DECOMPOSED for name in _DECOMPOSED_BACKWARD.split()},
}
# Overloads of operators with a shape function that are left to torch altogether, and why.
LEFT_TO_TORCH = {
    **{f"{name}.dtype": "no module on the CPU gives it" for name in ("mm", "bmm", "addmm", "baddbmm")},
    **{
        f"linspace.{ends}": "its ends are tensors"
        for ends in ("Tensor_Tensor", "Tensor_Scalar", "Scalar_Tensor")
    },
}


def arrives(operator):
    """Whether a dispatch mode meets it: torch has a kernel of its own for it, and does not take it to pieces
    first."""
    name, has = operator.name(), torch._C._dispatch_has_kernel_for_dispatch_key
    kinds = [str(each.type) for each in (*operator._schema.arguments, *operator._schema.returns)]
    if not torch._C._dispatch_has_kernel(name) or not any("Tensor" in kind for kind in kinds):
        return False  # arithmetic on numbers, of TorchScript
    return not has(name, "CompositeImplicitAutograd") or has(name, "CPU")


def overloads(name):
    packet = getattr(torch.ops.aten, name, None)
    found = [getattr(packet, overload) for overload in packet.overloads()] if packet else []
    return [operator for operator in found if arrives(operator)]


def in_place(name):
    """The variant of an operator that writes its result to its first input; None where there is none."""
    packet, _, overload = name.partition(".")
    found = getattr(getattr(torch.ops.aten, f"{packet}_", None), overload, None)
    same_first = found is not None and found._schema.arguments[0].name == "self"
    first = OPERATORS[name]._schema.arguments[0]
    return (
        found
        if same_first and first.name == "self" and str(first.type) == "Tensor" and arrives(found)
        else None
    )


OPERATORS = {
    str(operator).removeprefix("aten."): operator
    for name, rule in sorted(rules._all_rules())
    if rule.shape is not None
    for operator in overloads(name)
}
NAMES = [name for name, each in OPERATORS.items() if rules.find(each).shape not in (None, rules.in_place)]
IN_PLACE = {name: operator for name in NAMES if (operator := in_place(name)) is not None}


def look(out, order=True):
    """Shapes, dtypes and the strides that matter: those of sides longer than one."""
    found = [x for x in out if x is not None] if isinstance(out, tuple | list) else [out]
    return [(tuple(x.shape), x.dtype, *([strides(x)] if order else [])) for x in found]


def strides(x):
    return [stride for side, stride in zip(x.shape, x.stride(), strict=True) if side > 1] if x.numel() else []


def said(value):
    """An argument in words: of a tensor its shape, strides and dtype."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(said, value))}]"
    return (
        f"{value.dtype} {tuple(value.shape)} {value.stride()}"
        if isinstance(value, torch.Tensor)
        else repr(value)
    )


def stock(operator, args, by_name):
    """What torch's kernel says; None where it refuses."""
    try:
        return operator(*args, **by_name)
    except (RuntimeError, TypeError, ValueError, LookupError):
        return None


def test_every_operator_with_a_shape_function_has_arguments_here():
    assert sorted(NAMES) == sorted(ARGUMENTS)


def test_what_is_said_here_of_an_operator_is_said_of_one_that_exists():
    assert set(AS_THE_CPU) | set(LEFT_TO_TORCH) <= set(NAMES)


def says_what_torch_says(name, args, by_name):
    """Returns whether our shape function answers."""
    operator = OPERATORS[name]
    ours = rules.find(operator).shape(args, by_name)
    if ours is None:
        return False
    # What order a convolution of three sides has is the choice of the library that computes it.
    order = not (name == "convolution.default" and args[0].dim() == 5)
    if name in AS_THE_CPU:
        check_output(operator, ours, args, by_name)  # so that account(verify=True) knows the difference
        args, by_name = on_cpu(args), {key: on_cpu(value) for key, value in by_name.items()}
    assert look(ours, order) == look(operator(*args, **by_name), order)
    return True


def answers_only_what_torch_takes(name, args, by_name):
    """So that a mistake in a module is met when it is counted as it is when it runs."""
    operator = OPERATORS[name]
    try:
        ours = rules.find(operator).shape(args, by_name)
    except IndexError:  # of softmax: its meta kernel takes any dimension, and only that one
        assert stock(operator, on_cpu(args), by_name) is None
        return
    if ours is not None:
        assert stock(operator, args, by_name) is not None, "torch refuses it"
        check_output(operator, ours, args, by_name)


def returns_its_first_input(operator, args, by_name):
    """Wherever torch takes it, an operator in place does. Returns whether our shape function answers."""
    shape = rules.find(operator).shape
    ours = None if shape is None or not isinstance(args[0], torch.Tensor) else shape(args, by_name)
    if ours is None:
        return False
    assert ours is args[0]
    before = look(ours)
    assert stock(operator, args, by_name) is args[0]
    assert look(args[0]) == before
    return True


@pytest.mark.filterwarnings("ignore:.*degrees of freedom is <= 0:UserWarning")
@pytest.mark.parametrize("name", sorted(set(NAMES) - set(LEFT_TO_TORCH)))
def test_a_shape_function_says_what_torch_says_and_refuses_what_torch_refuses(name):
    """In place, the output is the first input. Arguments take longer to draw than to try: each serves all."""
    answered, in_place = [], IN_PLACE.get(name)
    answered_in_place = []

    @law
    @given(with_spoiled(ARGUMENTS[name]))
    def holds(drawn):
        arguments, spoiled = drawn
        note(said(arguments))
        answered.append(says_what_torch_says(name, *arguments))
        if in_place:
            answered_in_place.append(returns_its_first_input(in_place, *arguments))
        if "backward" not in name:  # autograd makes no mistake
            note(said(spoiled))
            answers_only_what_torch_takes(name, *spoiled)

    holds()
    assert any(answered), "it never answers"
    if in_place and rules.find(in_place).shape:
        assert any(answered_in_place), "in place it never answers"


@pytest.mark.parametrize("name", sorted(LEFT_TO_TORCH))
def test_an_overload_that_is_left_to_torch_is_left_to_it_always(name):
    shape = rules.find(OPERATORS[name]).shape

    @law
    @given(with_spoiled(ARGUMENTS[name]))
    def holds(drawn):
        assert [shape(*arguments) for arguments in drawn] == [None, None]

    holds()
    assert name not in IN_PLACE


def every_operator():
    for name in dir(torch.ops.aten):
        packet = getattr(torch.ops.aten, name)
        if isinstance(packet, torch._ops.OpOverloadPacket):
            yield from filter(arrives, (getattr(packet, overload) for overload in packet.overloads()))


def test_what_is_taken_for_in_place_writes_its_first_input_and_returns_it():
    taken = [each for each in every_operator() if getattr(rules.find(each), "shape", None) is rules.in_place]
    assert len(taken) > 100
    for operator in taken:
        first, *others = operator._schema.returns
        assert operator._schema.arguments[0].alias_info.before_set == first.alias_info.before_set
        assert operator._schema.arguments[0].is_write
        assert not others


def test_an_operator_that_writes_to_a_tensor_that_is_there_has_no_shape_function():
    writing = [each for name, each in OPERATORS.items() if any(a.is_out for a in each._schema.arguments)]
    assert len(writing) > 100
    assert all(rules.find(operator).shape is None for operator in writing)


class Into(nn.Module):
    """Adds into a tensor of its own."""

    def forward(self, x):
        found = torch.empty_like(x)
        assert torch.add(x, 1.0, out=found) is found
        assert x.new_empty(3).resize_(2, 5).shape == (2, 5)
        return found.unsqueeze_(0).squeeze_(0)


def test_a_module_that_writes_to_a_tensor_of_its_own_gets_it_back():
    found = cost(Into(), (2, 3, 4, 5))
    assert found.flops_by_category["pointwise"] == 120
    assert not found.unknown_ops


@pytest.mark.parametrize("backward", [False, True])
def test_verification_lets_pass_what_is_right(backward):
    with torch.device("meta"):
        module = nn.Sequential(
            nn.Conv2d(4, 6, 3), nn.BatchNorm2d(6), nn.Hardswish(), nn.AdaptiveAvgPool2d(2)
        ).eval()
    found = account(module, (2, 4, 9, 9), backward=backward, verify=True)
    assert found == account(module, (2, 4, 9, 9), backward=backward)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda x: x.new_empty((*x.shape, 1)), r"\(2, 4, 3, 5, 1\) \(60, 15, 5, 1, 1\) torch.float32"),
        (lambda x: x.to(torch.float16), r"\(2, 4, 3, 5\) \(60, 15, 5, 1\) torch.float16"),
        (
            lambda x: x.contiguous(memory_format=torch.channels_last),
            r"\(2, 4, 3, 5\) \(60, 1, 20, 4\) torch.float32",
        ),
    ],
    ids=["shape", "dtype", "strides"],
)
def test_verification_names_the_operator_whose_shape_function_is_wrong(monkeypatch, wrong, says):
    silu = torch.ops.aten.silu.default
    right = rules.find(silu)
    wrong_rule = rules.Rule(right.flops, lambda args, by_name: wrong(args[0]))
    monkeypatch.setitem(rules._RESOLVED, id(silu), (silu, wrong_rule))
    account(nn.SiLU(), (2, 4, 3, 5))
    with pytest.raises(
        AssertionError, match=rf"^aten.silu.default: our shape function gives {says}, torch \(2, 4, 3, 5\)"
    ):
        account(nn.SiLU(), (2, 4, 3, 5), verify=True)


@pytest.mark.parametrize("norm", ["native_batch_norm", "native_layer_norm", "native_group_norm"])
def test_a_norm_of_integers_is_left_to_torch_which_refuses_it(norm):
    x = torch.ones((2, 4, 3), dtype=torch.int64, device="meta")
    arguments = {
        "native_batch_norm": (x, None, None, None, None, True, 0.1, 1e-5),
        "native_layer_norm": (x, [3], None, None, 1e-5),
        "native_group_norm": (x, None, None, 2, 4, 3, 2, 1e-5),
    }
    rule = rules.find(getattr(torch.ops.aten, norm).default)
    assert rule.shape(arguments[norm], {}) is None


@pytest.mark.parametrize(("shifts", "dims"), [((3, 3), (2, 3)), ((1,), (0,)), ((5,), ())])
def test_a_map_of_channels_last_is_rolled_into_what_the_cpu_gives(shifts, dims):
    x = torch.randn(2, 6, 5, 4).permute(0, 3, 1, 2)
    meta = torch.empty_strided(x.shape, x.stride(), device="meta")
    ours = rules.find(torch.ops.aten.roll.default).shape((meta, shifts, dims), {})
    assert ours is None or ours.stride() == torch.roll(x, shifts, dims).stride()
    assert (ours is None) == (dims == ())
