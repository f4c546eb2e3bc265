"""A module is called with what its forward takes: several inputs, named ones, whole numbers, nested ones."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from attnprof import cost
from attnprof.catalogue.inputs import DTYPES, TensorInput, parse_inputs
from attnprof.errors import UsageError

N, L, S, E = 2, 6, 9, 8


class Cross(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.kv = nn.Linear(E, E), nn.Linear(E, E)

    def forward(self, q, k, scale=1.0, mask=None):
        q, k = self.q(q) * scale, self.kv(k)
        return F.scaled_dot_product_attention(q, k, k, attn_mask=mask)


PROJECTIONS = N * (L + S) * E * E
PRODUCTS = 2 * N * L * S * E
WAYS = {
    "shapes": lambda m: cost(m, ((N, L, E), (N, S, E))),
    "lists": lambda m: cost(m, ([N, L, E], [N, S, E])),
    "tensors": lambda m: cost(m, (torch.zeros(N, L, E), torch.zeros(N, S, E))),
    "one of each": lambda m: cost(m, (torch.zeros(N, L, E), f"{N}x{S}x{E}")),
    "a text": lambda m: cost(m, f"{N}x{L}x{E},{N}x{S}x{E}"),
    "a text with names": lambda m: cost(m, f"q={N}x{L}x{E},k={N}x{S}x{E}"),
    "a dict": lambda m: cost(m, {"q": (N, L, E), "k": (N, S, E)}),
    "named": lambda m: cost(m, (N, L, E), k=(N, S, E)),
    "a text, the second named": lambda m: cost(m, f"{N}x{L}x{E}", k=f"float32:{N}x{S}x{E}"),
    "other values": lambda m: cost(m, ((N, L, E), (N, S, E), 0.5, None)),
    "a real run": lambda m: cost(m, ((N, L, E), (N, S, E)), device="real"),
}


@pytest.mark.parametrize("way", WAYS)
def test_several_inputs_are_given_in_any_way(way):
    counts = WAYS[way](Cross())
    assert counts.macs == PROJECTIONS + PRODUCTS
    assert counts.output_shape == (N, L, E)
    assert counts.minimal_bytes == 4 * (N * (L + S + L) * E + 2 * (E * E + E))


def test_gradients_go_to_every_input():
    inputs = ((N, L, E), (N, S, E))
    assert cost(nn.Bilinear(E, E, 3), ((N, E), (N, E)), backward=True).macs > 0
    assert cost(Cross(), inputs, backward=True, fused=False).macs == 3 * cost(Cross(), inputs).macs


def test_one_tensor_given_twice_is_one_input():
    x = torch.zeros(N, L, E)
    counts = cost(Cross(), (x, x))
    assert counts.minimal_bytes == 4 * (N * 2 * L * E + 2 * (E * E + E))


class Nested(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(E, E)

    def forward(self, levels, extra):
        return [self.linear(x) for x in levels], self.linear(extra["x"][0]), extra["n"]


def test_lists_and_dicts_inside_stay_as_they_are():
    counts = cost(Nested(), ([(N, E), (3, E)], {"x": ((4, E), 1), "n": 5}))
    assert counts.macs == (N + 3 + 4) * E * E


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.head = nn.Embedding(50, E), nn.Linear(E, 50)

    def forward(self, ids, lengths=None):
        x = self.words(ids)
        if lengths is not None:
            x = pack_padded_sequence(x, lengths, batch_first=True).data
        return self.head(x)


@pytest.mark.parametrize("device", ["meta", "real"])
def test_whole_numbers_lie_below_their_bound(device):
    for ids in (f"int64[50]:{N}x{L}", f"ids=int64:{N}x{L}", torch.full((N, L), 49)):
        counts = cost(Encoder(), ids, device=device)
        assert (counts.macs, counts.output_shape) == (N * L * E * 50, (N, L, 50))
    with pytest.raises(IndexError):
        cost(Encoder(), f"int64[5000]:{N}x{L * 100}", device="real")


def test_whole_numbers_that_are_given_can_be_read():
    counts = cost(Encoder(), (f"int64:2x{L}", torch.tensor([L, 2])))
    assert (counts.macs, counts.inputs) == ((L + 2) * E * 50, "meta")


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: cost(Cross(), "1y3"), "input '1y3' is not understood; write 1x3x224x224"),
        (lambda: cost(Cross(), "q=1x2,1x2"), "input '1x2' has no name and stands behind one that has"),
        (lambda: cost(Cross(), "q=1x2,q=1x2"), "input 'q' is there twice"),
        (lambda: cost(Cross(), "int3:1x2"), "input 'int3:1x2': no dtype 'int3'. There are: float16"),
        (lambda: cost(Cross(), "1x" + "9" * 5000), "input of a number of 5000 digits: torch has room for 18"),
        (lambda: cost(Cross(), "float32[3]:1x2"), "a bound is of whole numbers, and at least 1"),
        (lambda: cost(Cross(), "int64[0]:1x2"), "a bound is of whole numbers, and at least 1"),
        (lambda: cost(Cross(), ("1x2,1x2",)), "input '1x2,1x2' is more than one tensor"),
        (lambda: cost(Cross(), (N, L, E), keys=(1, 2)), "cost: Cross's forward has no argument 'keys'"),
        (lambda: cost("se", ((1, 64, 7, 7), (1, 64, 7, 7))), "se takes maps"),
    ],
)
def test_inputs_that_are_not_understood_are_refused_in_words(call, says):
    with pytest.raises(UsageError) as refusal:
        call()
    assert says in str(refusal.value)


def test_a_name_of_the_catalogue_takes_a_shape_in_any_way():
    plain = cost("se", (1, 64, 7, 7))
    assert cost("se", torch.zeros(1, 64, 7, 7)) == cost("se", "1x64x7x7") == plain


def as_text(value):
    if isinstance(value, int):
        return str(value)
    bound = "" if value.bound is None else f"[{value.bound}]"
    return f"{value.dtype}{bound}:{'x'.join(map(str, value.shape))}"


sides = st.lists(st.integers(1, 10**6), min_size=1, max_size=5).map(tuple)
plain = st.builds(TensorInput, sides, st.sampled_from(DTYPES))
bounded = st.builds(TensorInput, sides, st.just("int64"), st.integers(1, 10**6))
values = st.one_of(st.integers(0, 10**6), plain, bounded)


@given(
    st.lists(values, min_size=1, max_size=4),
    st.dictionaries(st.from_regex(r"[a-z_]\w*", fullmatch=True), values),
)
def test_what_is_written_is_read(positional, named):
    texts = [*map(as_text, positional), *(f"{name}={as_text(value)}" for name, value in named.items())]
    parsed = parse_inputs(",".join(texts))
    assert (parsed.positional, dict(parsed.named)) == (tuple(positional), named)
