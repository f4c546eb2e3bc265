"""Closed forms of real modules: what the fit says is what the module's own file says, and what the count
says."""

from itertools import product
from random import Random

import pytest

from attnprof.catalogue import MODULES, entry
from attnprof.explaining.closed_form import piece_at
from attnprof.explaining.forms import forms
from attnprof.explaining.sizes import counted

SOME = ("se", "ca", "mhsa", "nonlocal")


def shown(case, **how):
    return {
        form.quantity: [(piece.polynomial, piece.where) for piece in form.pieces]
        for form in forms(case, **how)
    }


def stated(module, quantity):
    """By size, what the module's file states; None for a size that it does not take."""
    known = entry(module)
    return lambda point: getattr(known, quantity)(*point) if known.fits(*point) else None


def measured(accounts, quantity):
    """By size, what is counted; None for a size that the module does not take."""
    return lambda point: getattr(accounts(point), quantity, None)


def sizes_of(piece, module, number):
    """Sizes of ``piece`` that the module takes, among its corners and ``number`` at random."""
    lattices, draw = (piece.channels, *piece.sides), Random(1)
    points = list(product(*({lattice.first, lattice.last} for lattice in lattices)))
    for _ in range(number):
        points.append(tuple(lattice[draw.randrange(len(lattice))] for lattice in lattices))
    return [point for point in points if point in piece and entry(module).fits(*point)]


def holds(piece, count, sizes):
    """Whether the polynomial of ``piece`` is ``count`` at all of the sizes."""
    variables = len(piece.polynomial.variables)
    assert sizes
    for point in sizes:
        assert piece.polynomial(*point[:variables]) == count(point), point


@pytest.mark.parametrize("module", SOME)
def test_the_polynomial_of_the_counts_is_the_closed_form_that_the_modules_file_states(module, case_of):
    accounts = counted(case_of(f"{module}@64@56"))
    for quantity in ("params", "macs"):
        piece = piece_at(measured(accounts, quantity), (64, 56, 56))
        holds(piece, stated(module, quantity), sizes_of(piece, module, number=50))


@pytest.mark.slow
@pytest.mark.parametrize("module", [name for name in MODULES.names() if name not in SOME])
def test_of_every_other_module_the_polynomial_of_the_stated_closed_form_is_what_is_counted(module, case_of):
    """The other way about: the polynomial comes from the formula, and a fifth of the sizes is counted."""
    accounts = counted(case_of(f"{module}@256@56"))
    for quantity in ("params", "macs"):
        piece = piece_at(stated(module, quantity), (256, 56, 56))
        holds(piece, measured(accounts, quantity), sizes_of(piece, module, number=24))


def test_of_self_attention_one_polynomial_holds_everywhere(case_of):
    assert shown(case_of("mhsa@256@28")) == {
        "params": [("4 C^2 + 4 C", "")],
        "MACs": [("2 C H W (H W + 2 C)", "")],
        "FLOPs": [("C H W (131 H W/32 + 8 C + 127/32)", "")],
    }


def test_of_eca_there_is_a_piece_for_each_width_of_its_kernel(case_of):
    found = shown(case_of("eca@64@56"))
    assert found["params"] == [("3", "8 <= C <= 127"), ("5", "128 <= C <= 2047"), ("7", "C >= 2048")]
    assert found["FLOPs"][0] == ("2 C H W + 7 C", "8 <= C <= 127")


def test_around_one_size_there_is_one_piece(case_of):
    found = shown(case_of("ca@512@7"), around=True)
    assert found["params"] == [("C (3 C + 67)/32", "C a multiple of 32, C >= 256")]
    assert found["MACs"] == [("C^2 (H + W)/16", "C a multiple of 32, C >= 256")]


def test_backward_has_closed_forms_too(case_of):
    forward, both = (shown(case_of("strip@64@28", train), around=True)["MACs"] for train in (False, True))
    assert forward == [("C^2 (H W + 3 (H + W))", "")]
    assert both == [("3 C^2 (H W + 3 (H + W))", "")]


def test_sizes_that_a_users_module_refuses_are_no_part_of_its_closed_form(user_case):
    body = (
        "class Gate(nn.Module):\n    def __init__(self, channels):\n        super().__init__()\n"
        "        assert channels % 8 == 0\n        self.fc = nn.Conv2d(channels, channels // 8, 1, bias=False)\n"
        "    def forward(self, x):\n        return x * self.fc(x).mean(1, keepdim=True)"
    )
    found = shown(user_case(body, "64@14"))
    assert found["MACs"] == [("C^2 H W/8", "")]


def test_where_there_is_no_polynomial_the_sizes_are_named(user_case):
    body = "class Gate(nn.Module):\n    def __init__(self, channels):\n        super().__init__()\n"
    body += "    def forward(self, x):\n        return torch.fft.irfft2(torch.fft.rfft2(x))"
    params, _, flops = forms(user_case(body, "64@28x40"))
    assert [piece.polynomial for piece in params.pieces] == ["0"]
    assert flops.pieces == ()
    assert flops.without[0] == "64@28x40"
