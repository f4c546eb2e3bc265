"""Fresh weights are drawn as the originals draw theirs: initial_values/NAME.json has what a reset of the original gave,
and the original's name."""

import json
from pathlib import Path

import pytest
import torch

from attnprof.catalogue import create
from tests.every_case import every_case

FACTS = Path(__file__).parent / "initial_values"
NAMES = sorted(path.stem for path in FACTS.glob("*.json"))


@pytest.mark.parametrize("name", NAMES)
def test_fresh_weights_are_spread_as_the_originals_are(name):
    with every_case() as case:
        for record in json.loads((FACTS / f"{name}.json").read_text()):
            torch.manual_seed(1)
            sides = {"height": record["H"], "width": record["W"]}
            module = create(name, record["C"], **sides, **record["settings"])
            parameters = dict(module.named_parameters())
            assert parameters.keys() == record["parameters"].keys()
            for parameter, expected in record["parameters"].items():
                with case(record["source"], parameter):
                    spread_alike(parameters[parameter].detach().double(), expected)


def spread_alike(values, expected):
    """Two draws of one distribution: six standard errors of the mean and of the spread; extremes 1.5 spreads apart, which
    tells a uniform distribution from a normal one. A constant is the same constant."""
    spread, count = expected["std"], values.numel()
    standard_error = spread * (2 / count) ** 0.5
    assert float(values.mean()) == pytest.approx(expected["mean"], abs=6 * standard_error + 1e-6)
    assert float(values.std(correction=0)) == pytest.approx(spread, abs=6 * standard_error + 1e-6)
    assert float(values.min()) == pytest.approx(expected["min"], abs=1.5 * spread + 1e-6)
    assert float(values.max()) == pytest.approx(expected["max"], abs=1.5 * spread + 1e-6)


def test_a_fresh_sum_of_danet_doubles_its_input():
    x = torch.randn(2, 16, 5, 6)
    torch.testing.assert_close(create("danet", 16).eval()(x), 2 * x)


def test_litemla_divides_in_single_precision_under_bf16():
    """As the official code does: the quotient of two sums keeps the digits that both have."""
    torch.manual_seed(0)
    module = create("litemla", 32).eval().to(torch.bfloat16)
    divided = []
    x = torch.randn(1, 32, 8, 8, dtype=torch.bfloat16)

    class Divisions(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            if func in (torch.Tensor.__truediv__, torch.Tensor.div):
                divided.append({part.dtype for part in args})
            return func(*args, **(kwargs or {}))

    with Divisions(), torch.no_grad():
        assert module(x).dtype == torch.bfloat16
    assert divided == [{torch.float32}]
