"""How the counters of others count: one small function each, of what ran.

A published figure is some counter's. Each function gives what that counter makes of a network, from the operators that ran
in it (the row's metric 'operators'); MACs are of the whole batch. Rules as read in the counters' code; versions matter, and
papers seldom name theirs. Counters see pooling where it is a module and not where it is a function call. Networks pool by
modules; of what an inserted module does, ``pools`` is its share that was seen: pools.read(AVERAGES), of the row itself where
the source wrote modules, of the plain network where it wrote calls.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self

NORMS = ("native_batch_norm", "_native_batch_norm_legit_no_training")
RELUS = ("relu", "hardtanh")
AVERAGES = ("mean", "_adaptive_avg_pool2d", "adaptive_avg_pool2d")
POOLS = (*AVERAGES, "amax", "max_pool2d_with_indices", "adaptive_max_pool2d")
CONVOLUTION = ("convolution",)
LINEAR = ("addmm", "mm", "linear")  # mm: without bias; products of two maps are bmm


@dataclass(frozen=True)
class Ran:
    """What ran in one row of a run. kinds: operator -> calls, elements read, elements written, MACs, biases added."""

    params: int
    leaf_params: int
    channel_pairs: int
    macs: int
    kinds: Mapping[str, tuple[int, ...]]

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Self:
        """From a row with the metrics params, leaf_params, channel_pairs, macs and operators."""
        kinds = {name: tuple(found) for name, found in json.loads(row["operators"]).items()}
        return cls(row["params"], row["leaf_params"], row["channel_pairs"], row["macs"], kinds)

    def read(self, names: tuple[str, ...]) -> int:
        """Elements that these operators read."""
        return sum(self.kinds[name][1] for name in names if name in self.kinds)

    def written(self, names: tuple[str, ...]) -> int:
        """Elements that these operators wrote."""
        return sum(self.kinds[name][2] for name in names if name in self.kinds)

    def macs_of(self, names: tuple[str, ...]) -> int:
        """MACs of these operators."""
        return sum(self.kinds[name][3] for name in names if name in self.kinds)

    def biases(self, names: tuple[str, ...]) -> int:
        """Biases that these operators added."""
        return sum(self.kinds[name][4] for name in names if name in self.kinds)


def exact(ran: Ran, pools: Ran) -> int:
    """Multiply-accumulates of convolution, linear and matmul: ours."""
    return ran.macs


def layers_alone(ran: Ran, pools: Ran) -> int:
    """Convolutions and linear layers; products of two maps are passed over."""
    return ran.macs_of((*CONVOLUTION, *LINEAR))


def twice(ran: Ran, pools: Ran) -> int:
    """Multiplications and additions counted apart."""
    return 2 * ran.macs


def pooled(ran: Ran, pools: Ran) -> int:
    """MACs and the elements that are pooled."""
    return ran.macs + pools.read(POOLS)


def norms_twice(ran: Ran, pools: Ran) -> int:
    """MACs and two operations per element of a BatchNorm."""
    return ran.macs + 2 * ran.written(NORMS)


def thop_2020(ran: Ran, pools: Ran) -> int:
    """Two operations per element of a BatchNorm; an average's elements and its division: thop since 2020, fvcore nearly."""
    return norms_twice(ran, pools) + pools.read(AVERAGES) + pools.written(AVERAGES)


def thop_2019(ran: Ran, pools: Ran) -> int:
    """Four operations per element of a BatchNorm, one per ReLU, averages; maxima are free: thop of mid-2019."""
    averages = pools.read(AVERAGES) + pools.written(AVERAGES)
    return ran.macs + 4 * ran.written(NORMS) + ran.written(RELUS) + averages


def thop_early_2019(ran: Ran, pools: Ran) -> int:
    """As thop_2019, with a linear layer's additions too, and the taps of 3x3 maxima: thop of early 2019."""
    return thop_2019(ran, pools) + ran.macs_of(LINEAR) + 9 * ran.written(("max_pool2d_with_indices",))


def ptflops(ran: Ran, pools: Ran) -> int:
    """Two operations per element of a BatchNorm, one per ReLU, pooled element and bias of a convolution: ptflops to 0.6, mmcv."""
    return norms_twice(ran, pools) + ran.written(RELUS) + ran.biases(CONVOLUTION) + pools.read(POOLS)


def imgclsmob(ran: Ran, pools: Ran) -> Fraction:
    """Half the FLOPs of the counter of osmr/imgclsmob: 2 per MAC, but one addition less per pair of channels of a convolution
    and per output of a linear layer, where it has no bias; 4 per element of a BatchNorm and of a sigmoid, one per ReLU and
    per tap of a pooling."""
    unbiased = ran.channel_pairs + ran.written(LINEAR) - ran.biases(LINEAR)
    taps = 9 * ran.written(("max_pool2d_with_indices",)) + pools.read(
        (*AVERAGES, "amax", "adaptive_max_pool2d")
    )
    elements = 4 * ran.written(NORMS) + 4 * ran.written(("sigmoid",)) + ran.written(RELUS)
    return Fraction(2 * ran.macs - unbiased + elements + taps, 2)


@dataclass(frozen=True)
class Convention:
    """A way to count. says: what is unlike ours, in words; empty for ours. pools: whether pooling is counted at all."""

    says: str
    count: Callable[[Ran, Ran], int | Fraction]
    pools: bool = False


OURS = Convention("", exact)
MACS = (
    OURS,
    Convention("2 FLOPs per MAC", twice),
    Convention("matmul left out", layers_alone),
    Convention("pooling counted", pooled, pools=True),
    Convention("2 per element of a BatchNorm", norms_twice),
    Convention("2 per element of a BatchNorm, averages (thop 2020)", thop_2020, pools=True),
    Convention("2 per element of a BatchNorm, ReLU, pooling, biases (ptflops)", ptflops, pools=True),
    Convention("half of all FLOPs, an addition less per pair of channels (imgclsmob)", imgclsmob, pools=True),
    Convention("4 per element of a BatchNorm, ReLU, averages (thop 2019)", thop_2019, pools=True),
    Convention("4 per element of a BatchNorm, ReLU, pooling, 2 per MAC of a linear layer (thop early 2019)", thop_early_2019, pools=True),
)  # fmt: skip


def all_params(ran: Ran) -> int:
    """Every learnable element: ours."""
    return ran.params


def params_of_leaves(ran: Ran) -> int:
    """Parameters that stand beside submodules are missed, as thop does."""
    return ran.leaf_params


@dataclass(frozen=True)
class ParamsConvention:
    """A way to count parameters. says: what is unlike ours, in words; empty for ours."""

    says: str
    count: Callable[[Ran], int]


PARAMS = (ParamsConvention("", all_params), ParamsConvention("bare parameters missed", params_of_leaves))
