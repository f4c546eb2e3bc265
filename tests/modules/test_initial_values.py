"""Fresh weights are drawn as the originals draw theirs: fresh_weights.py says how."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from math import log, prod
from statistics import NormalDist

import pytest
import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

from attnprof.catalogue import MODULES, create, entry
from tests.every_case import every_case
from tests.modules.fresh_weights import (
    FAN_IN,
    ONE,
    ORIGINALS,
    UNSEEN,
    VARIANTS,
    ZERO,
    Distribution,
    Tensor,
    normal,
)

NAMES = MODULES.names()
SIZES = [(64, 14, 14), (64, 56, 56), (128, 14, 14), (64, 28, 28), (96, 28, 28)]
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.GroupNorm, nn.LayerNorm)
RISK = 1e-7  # of a bound to be crossed by values that are drawn as the original draws them


def test_every_module_names_its_original():
    missing = set(NAMES) - set(ORIGINALS) - set(UNSEEN)
    assert not missing, (
        f"add to ORIGINALS in tests/modules/fresh_weights.py how the originals of {', '.join(sorted(missing))} draw"
        " their parameters and where that can be read, or to UNSEEN why it cannot be"
    )
    assert set(ORIGINALS) | set(UNSEEN) | {name for name, _, _ in VARIANTS} == set(NAMES)
    assert not set(ORIGINALS) & set(UNSEEN)


@pytest.mark.parametrize("name", sorted(ORIGINALS))
def test_fresh_weights_are_drawn_as_the_originals_are(name):
    applied = set()
    with every_case() as case:
        for settings in ({}, *entry(name).variants.values()):
            original = original_of(name, entry(name).settings(settings))
            for parameter, layer, values in fresh(name, settings):
                with case(settings, parameter):
                    pattern = next((p for p in original.rules if fnmatchcase(parameter, p)), None)
                    applied.add((original.source, pattern))
                    rule = torchs_own(layer, parameter) if pattern is None else original.rules[pattern]
                    assert rule, f"say in tests/modules/fresh_weights.py how {original.source} draws it"
                    assert_drawn_from(rule(tensor_of(layer, values)), values.detach().double())
    rules = {(original.source, pattern) for original in originals_of(name) for pattern in original.rules}
    assert rules <= applied, "a rule for no parameter"


@pytest.mark.parametrize(
    "draw",
    [
        lambda values: values.uniform_(-1, 1),
        lambda values: values.normal_(std=3**-0.5 * 1.1),
        lambda values: values.normal_(mean=0.1, std=3**-0.5),
        lambda values: values.fill_(0),
    ],
    ids=["uniform", "wider", "shifted", "zero"],
)
def test_another_distribution_is_recognised(draw):
    original = normal(3**-0.5)(Tensor((4096,), 1, 1))
    generator = torch.Generator().manual_seed(3)
    for _ in range(100):
        assert_drawn_from(original, torch.randn(4096, generator=generator) * 3**-0.5)
    torch.manual_seed(4)
    with pytest.raises(AssertionError, match="of 4096 values"):
        assert_drawn_from(original, draw(torch.empty(4096)))


def originals_of(name):
    return [ORIGINALS[name], *(original for key, original in VARIANTS.items() if key[0] == name)]


def original_of(name, settings: Mapping[str, object]):
    keys = ((name, key, value) for key, value in settings.items())
    return next((VARIANTS[key] for key in keys if key in VARIANTS), ORIGINALS[name])


def fresh(name, settings):
    """Every parameter of a module that has just been built: its name, its layer and itself."""
    size = next(size for size in SIZES if not entry(name).refusal(*size, settings, batch=2, train=False))
    torch.manual_seed(1)
    module = create(name, size[0], height=size[1], width=size[2], **settings)
    for parameter, values in module.named_parameters():
        yield parameter, module.get_submodule(parameter.rpartition(".")[0]), values


def torchs_own(layer, parameter):
    """What torch's layers do by themselves; None for a parameter that is in none of them."""
    if isinstance(layer, _ConvNd | nn.Linear):
        return FAN_IN
    if isinstance(layer, NORMS):
        return ONE if parameter.endswith("weight") else ZERO
    return None


def tensor_of(layer, parameter):
    """With the fans as torch counts them; those of a bias are its weight's."""
    weight = parameter if parameter.dim() > 1 else getattr(layer, "weight", parameter)
    outputs, *inputs = weight.shape
    return Tensor(tuple(parameter.shape), prod(inputs), outputs * prod(inputs[1:]))


def assert_drawn_from(original: Distribution, values: torch.Tensor):
    """Mean, spread and extremes lie where those of as many values from the distribution do, but for the RISK."""
    seen = {
        "mean": values.mean(),
        "spread": (values - original.mean).square().mean().sqrt(),
        "minimum": values.min(),
        "maximum": values.max(),
    }
    rounding = 1e-6 * (1 + abs(original.mean))
    for what, (least, most) in limits(original, values.numel()).items():
        assert least - rounding <= seen[what] <= most + rounding, (
            f"the {what} is {seen[what]:.4g}; of {values.numel()} values it lies between {least:.4g} and {most:.4g}"
        )


def limits(original: Distribution, count: int) -> dict[str, tuple[float, float]]:
    """The least and the most of each. The spread's are the bounds of Laurent and Massart for sums of squares of normal
    values, which hold for shorter tails, too."""
    off = NormalDist().inv_cdf(1 - RISK / 2) * original.std / count**0.5
    doubt = log(2 / RISK) / count
    narrowest, widest = max(0.0, 1 - 2 * doubt**0.5) ** 0.5, (1 + 2 * doubt**0.5 + 2 * doubt) ** 0.5
    inner, outer = (
        RISK ** (1 / count),
        (1 - RISK) ** (1 / count),
    )  # the shares of draws below the largest value
    return {
        "mean": (original.mean - off, original.mean + off),
        "spread": (narrowest * original.std, widest * original.std),
        "minimum": (original.quantile(1 - outer), original.quantile(1 - inner)),
        "maximum": (original.quantile(inner), original.quantile(outer)),
    }


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
