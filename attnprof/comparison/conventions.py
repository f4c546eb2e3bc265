"""How the counters of others count: one small function each, of what ran.

A published figure is some counter's. Each function gives what that counter makes of a network, from the operators that ran
in it and in the plain network (the row's metric 'operators'); MACs are of the whole batch. Rules as read in the counters'
code; versions matter, and papers seldom name theirs.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

NORMS = ("native_batch_norm", "_native_batch_norm_legit_no_training", "native_layer_norm", "native_group_norm")
RELUS = ("relu", "hardtanh")
AVERAGES = ("mean", "avg_pool2d", "_adaptive_avg_pool2d", "adaptive_avg_pool2d")
POOLS = (*AVERAGES, "amax", "max_pool2d_with_indices", "adaptive_max_pool2d")
LINEAR = ("addmm", "linear")


@dataclass(frozen=True)
class Ran:
    """What ran in one row of a run. kinds: operator -> calls, elements read, elements written, MACs."""

    params: int
    leaf_params: int
    macs: int
    kinds: Mapping[str, tuple[int, int, int, int]]

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Self:
        """From a row with the metrics params, leaf_params, macs and operators."""
        kinds = {name: tuple(found) for name, found in json.loads(row["operators"]).items()}
        return cls(row["params"], row["leaf_params"], row["macs"], kinds)

    def read(self, names: tuple[str, ...]) -> int:
        """Elements that these operators read."""
        return sum(self.kinds[name][1] for name in names if name in self.kinds)

    def written(self, names: tuple[str, ...]) -> int:
        """Elements that these operators wrote."""
        return sum(self.kinds[name][2] for name in names if name in self.kinds)

    def macs_of(self, names: tuple[str, ...]) -> int:
        """MACs of these operators."""
        return sum(self.kinds[name][3] for name in names if name in self.kinds)


def exact(here: Ran, plain: Ran) -> int:
    """Multiply-accumulates of convolution, linear and matmul: ours."""
    return here.macs


def layers_alone(here: Ran, plain: Ran) -> int:
    """Convolutions and linear layers; products of two maps are passed over."""
    return here.macs_of(("convolution", *LINEAR))


def twice(here: Ran, plain: Ran) -> int:
    """Multiplications and additions counted apart."""
    return 2 * here.macs


def pooled(here: Ran, plain: Ran) -> int:
    """MACs and the elements that are pooled."""
    return here.macs + here.read(POOLS)


def norms_twice(here: Ran, plain: Ran) -> int:
    """MACs and two operations per element of a BatchNorm: thop since 2020, fvcore."""
    return here.macs + 2 * here.written(NORMS)


def norms_twice_and_averages(here: Ran, plain: Ran) -> int:
    """As norms_twice, with global averages as they are counted where they are modules."""
    return norms_twice(here, plain) + here.read(AVERAGES) + here.written(AVERAGES)


def thop_2019(here: Ran, plain: Ran) -> int:
    """Four operations per element of a BatchNorm, one per ReLU, averages; maxima are free: thop of mid-2019."""
    return here.macs + 4 * here.written(NORMS) + here.written(RELUS) + here.read(AVERAGES) + here.written(AVERAGES)


def thop_early_2019(here: Ran, plain: Ran) -> int:
    """As thop_2019, with a linear layer's additions too, and the taps of 3x3 maxima: thop of early 2019."""
    return thop_2019(here, plain) + here.macs_of(LINEAR) + 9 * here.written(("max_pool2d_with_indices",))


def ptflops(here: Ran, plain: Ran) -> int:
    """Two operations per element of a BatchNorm, one per ReLU, one per pooled element: ptflops to 0.6, mmcv."""
    return norms_twice(here, plain) + here.written(RELUS) + here.read(POOLS)


def ptflops_modules(here: Ran, plain: Ran) -> int:
    """As ptflops, where the inserted module pools by function calls, which it does not see."""
    return norms_twice(here, plain) + here.written(RELUS) + plain.read(POOLS)


@dataclass(frozen=True)
class Convention:
    """A way to count. says: what is unlike ours, in words; empty for ours. count: (what ran here, in the plain network)."""

    says: str
    count: Callable[[Ran, Ran], int]


OURS = Convention("", exact)
MACS = (
    OURS,
    Convention("2 FLOPs per MAC", twice),
    Convention("matmul left out", layers_alone),
    Convention("pooling counted", pooled),
    Convention("BatchNorm counted, 2 per element", norms_twice),
    Convention("BatchNorm counted, 2 per element, and averages", norms_twice_and_averages),
    Convention("BatchNorm 2, ReLU and pooling counted", ptflops),
    Convention("BatchNorm 2, ReLU and the network's own pooling counted", ptflops_modules),
    Convention("BatchNorm 4, ReLU and averages counted", thop_2019),
    Convention("BatchNorm 4, ReLU, pooling and a linear layer's additions counted", thop_early_2019),
)


def all_params(here: Ran, plain: Ran) -> int:
    """Every learnable element: ours."""
    return here.params


def params_of_leaves(here: Ran, plain: Ran) -> int:
    """Parameters that stand beside submodules are missed, as thop does."""
    return here.leaf_params


PARAMS = (Convention("", all_params), Convention("bare parameters missed", params_of_leaves))
