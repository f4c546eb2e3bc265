"""``attnprof.cost`` takes any module, and what it was given afterwards works as before."""

import dataclasses
import functools
import threading

import pytest
import torch
from torch import nn
from torch.distributions import Normal

from attnprof import cost
from attnprof.errors import UsageError
from tests.counting.truth.table import Does

SHAPE = (4, 8)
MACS = 4 * 8 * 8


class Doubled(nn.Module):
    def __init__(self, forward=None):
        super().__init__()
        self.linear = nn.Linear(8, 8)

    def forward(self, x):
        return self.linear(x).relu()


class Compiler:
    """A backend of torch.compile that counts the calls of what it has compiled."""

    def __init__(self):
        self.calls = 0

    def __call__(self, graph, inputs):
        def compiled(*arguments):
            self.calls += 1
            return graph(*arguments)

        return compiled


@pytest.fixture
def compiler():
    torch._dynamo.reset()
    yield Compiler()
    torch._dynamo.reset()


def calls_of(compiler, module):
    """Calls of compiled code during one call of the module."""
    before = compiler.calls
    module(torch.ones(SHAPE))
    return compiler.calls - before


@pytest.mark.parametrize("backward", [False, True], ids=["forward", "and backward"])
def test_a_compiled_module_is_counted_and_stays_compiled(compiler, backward):
    plain = Doubled()
    compiled = torch.compile(plain, backend=compiler)
    assert calls_of(compiler, compiled) == 1
    counts = cost(compiled, SHAPE, backward=backward)
    assert counts == cost(plain, SHAPE, backward=backward)
    assert counts.operators[0].module == "linear"
    assert calls_of(compiler, compiled) == 1
    assert cost(nn.Sequential(compiled, compiled), SHAPE).macs == 2 * MACS
    assert calls_of(compiler, compiled) == 1


def test_a_count_does_not_keep_a_module_of_the_same_class_from_being_compiled(compiler):
    assert cost(Doubled(), SHAPE).macs == MACS
    first, second = (torch.compile(Doubled(), backend=compiler) for _ in range(2))
    assert calls_of(compiler, first) == 1
    assert cost(Doubled(), SHAPE).macs == MACS
    assert cost(first, SHAPE).macs == MACS
    assert calls_of(compiler, second) == 1


def test_a_module_that_was_compiled_in_place_is_counted_and_stays_compiled(compiler):
    module = Doubled()
    module.compile(backend=compiler)
    assert calls_of(compiler, module) == 1
    assert cost(module, SHAPE).macs == MACS
    assert calls_of(compiler, module) == 1


def test_a_compiled_function_that_forward_calls_is_counted_and_stays_compiled(compiler):
    product = torch.compile(torch.mm, backend=compiler)
    module = Does(lambda m, x: product(x, m.weight), weight=nn.Parameter(torch.ones(8, 8)))
    assert calls_of(compiler, module) == 1
    assert cost(module, SHAPE).macs == MACS
    assert calls_of(compiler, module) == 1


def negative(x):
    return -x


def holding(value):
    module = Doubled()
    module.extra = value
    return module


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.parametrize(
    "value",
    [
        lambda: threading.Lock(),
        lambda: (n for n in range(3)),
        lambda: [torch.ones(3, requires_grad=True) * 2],
        lambda: torch.ones(3, requires_grad=True) * 2,
        lambda: torch.jit.script(negative),
    ],
    ids=["lock", "generator", "computed tensors", "a computed tensor", "TorchScript function"],
)
def test_an_attribute_that_cannot_be_copied_is_no_obstacle(value):
    module = holding(value())
    before = module.extra
    assert cost(module, SHAPE).macs == MACS
    assert module.extra is before


class Helper:
    """An object that is no module and keeps what it meets."""

    def __init__(self, module):
        self.module, self.last = module, None

    def __call__(self, x):
        self.last = x
        return self.module(x)


def through_a_helper(module):
    module.helper = Helper(module.linear)
    return lambda m, x: m.helper(x)


def through_a_method(module):
    module.method = module.linear.forward
    return lambda m, x: m.method(x)


def through_a_partial(module):
    module.call = functools.partial(nn.functional.linear, weight=module.linear.weight)
    return lambda m, x: m.call(x)


def through_a_closure(module):
    module.call = lambda x: module.linear(x)
    return lambda m, x: m.call(x)


def through_a_list(module):
    module.parts = [{"only": module.linear}]
    return lambda m, x: m.parts[0]["only"](x)


@pytest.mark.parametrize(
    "way", [through_a_helper, through_a_method, through_a_partial, through_a_closure, through_a_list]
)
def test_a_submodule_is_the_same_by_whatever_way_forward_reaches_it(way):
    module = Does(None, linear=nn.Linear(8, 8))
    module.does = way(module)
    x = torch.ones(SHAPE)
    before = module(x)
    counts = cost(module, SHAPE, backward=True)
    assert (counts.macs, counts.params) == (3 * MACS, 8 * 8 + 8)
    assert all(weight.grad is None and not weight.is_meta for weight in module.parameters())
    assert torch.equal(module(x), before)


def test_what_forward_notes_on_objects_and_in_containers_is_not_the_users():
    module = Does(None, linear=nn.Linear(8, 8))
    module.helper, module.seen, module.by_size, module.twice = Helper(module.linear), [], {}, [module.linear]

    def forward(m, x):
        m.seen.append(x)
        m.by_size[x.shape] = x
        m.twice.append(x)
        return m.helper(x)

    module.does = forward
    cost(module, SHAPE)
    assert (module.seen, module.by_size, module.helper.last) == ([], {}, None)
    assert module.twice == [module.linear]


@dataclasses.dataclass
class Answer:
    """An output that is no container that torch knows."""

    score: float
    features: torch.Tensor


class Opaque:
    """An output that holds nothing that can be looked at."""

    __slots__ = ()


OUTPUTS = {
    "nothing": (lambda y: None, ()),
    "a number": (lambda y: 1.5, ()),
    "an opaque object": (lambda y: Opaque(), ()),
    "a distribution": (lambda y: Normal(y, torch.ones(8), validate_args=False), SHAPE),
    "a dataclass": (lambda y: Answer(1.0, y), SHAPE),
    "nothing before the tensor": (lambda y: (None, [], {"y": y}), SHAPE),
    "itself in itself": (lambda y: recursive(y), SHAPE),
}


def recursive(y):
    answer = [y.shape]
    answer.extend([answer, y])
    return answer


@pytest.mark.parametrize("name", OUTPUTS)
def test_the_type_of_the_output_does_not_matter(name):
    output, shape = OUTPUTS[name]
    module = Does(lambda m, x: output(m.linear(x)), linear=nn.Linear(8, 8))
    counts = cost(module, SHAPE)
    assert (counts.macs, counts.output_shape) == (MACS, shape)


def test_backward_begins_at_the_first_tensor_of_the_output():
    module = Does(lambda m, x: Answer(1.0, m.linear(x)), linear=nn.Linear(8, 8))
    assert cost(module, SHAPE, backward=True).macs == 3 * MACS


def test_backward_without_a_tensor_in_the_output_is_refused():
    module = Does(lambda m, x: None, linear=nn.Linear(8, 8))
    with pytest.raises(UsageError, match="^backward: the module returns no tensor but NoneType$"):
        cost(module, SHAPE, backward=True)


TABLES: dict = {}
LATEST: list = []
PLACES = None


@functools.lru_cache
def places(length, device):
    return torch.arange(length, device=device).float()


@functools.cache
def places_of_length(length):
    return torch.zeros(length, device=DEVICES[-1])


DEVICES = ["cpu"]


class Remembering(nn.Module):
    """Keeps tables outside of itself, by their length alone."""

    tables: dict = {}

    def forward(self, x):
        global PLACES
        length, device = x.shape[1], x.device
        DEVICES.append(device)
        if length not in TABLES:
            TABLES[length] = torch.ones(length, device=device)
        if length not in self.tables:
            self.tables[length] = (torch.ones(length, device=device), 1)
        LATEST.append(torch.ones(length, device=device))
        if PLACES is None:
            PLACES = torch.ones(length, device=device)
        y = x * TABLES[length] * self.tables[length][0] + LATEST[-1] + PLACES
        return y + places(length, device) + places_of_length(length)


def test_tables_that_a_forward_pass_keeps_outside_its_module_are_put_back():
    module, x = Remembering(), torch.ones(SHAPE)
    assert cost(module, SHAPE).flops == 6 * 4 * 8
    assert (TABLES, Remembering.tables, LATEST, PLACES) == ({}, {}, [], None)
    DEVICES[:] = ["cpu"]
    before = module(x)
    tables = dict(TABLES)
    assert cost(module, (2, 8)).flops == 6 * 2 * 8
    assert tables == TABLES
    DEVICES[:] = ["cpu"]
    assert torch.equal(module(x), before)


def test_another_thread_may_use_the_module_meanwhile():
    started, counted = threading.Event(), threading.Event()
    module = Does(None, linear=nn.Linear(8, 8))

    def forward(m, x):
        if x.is_meta:
            started.set()
            counted.wait(60)
        return m.linear(x)

    module.does = forward
    answers = []

    def use():
        started.wait(60)
        answers.append(module(torch.ones(SHAPE)))
        counted.set()

    user = threading.Thread(target=use)
    user.start()
    assert cost(module, SHAPE).macs == MACS
    user.join()
    assert torch.equal(answers[0], module(torch.ones(SHAPE)))
