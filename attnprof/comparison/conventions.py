"""How other tools count: one small function per convention.

A published figure comes from some tool. Each function gives what that tool counts of a network, from the
operators that ran in it (the row's metric 'operators'); MACs are of the whole batch. The rules are those of
the tools' code; versions matter, and papers seldom name theirs.

Tools count pooling that is a module, not pooling that is a function call. Our networks pool by modules.
Whether the pooling of an inserted module was counted depends on its source: ``pools`` holds the operators
whose pooling counts, those of the row itself where the source wrote modules, those of the plain network where
it wrote calls.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self

import msgspec

from attnprof.errors import RunFolderError

NORMS = ("native_batch_norm", "_native_batch_norm_legit_no_training")
RELUS = ("relu", "hardtanh")
AVERAGES = ("mean", "_adaptive_avg_pool2d", "adaptive_avg_pool2d")
POOLS = (*AVERAGES, "amax", "max_pool2d_with_indices", "adaptive_max_pool2d")
CONVOLUTION = ("convolution",)
LINEAR = ("addmm", "mm", "linear")  # mm: without bias; products of two maps are bmm


@dataclass(frozen=True)
class Operations:
    """The operators that ran in one row of a run, and its params."""

    params: int
    leaf_params: int
    channel_pairs: int
    macs: int
    kinds: Mapping[
        str, tuple[int, ...]
    ]  # operator: calls, elements read, elements written, MACs, biases added

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Self:
        """From a row with the metrics params, leaf_params, channel_pairs, macs and operators.

        Raises RunFolderError where the operators are not what a run writes of them.
        """
        try:
            kinds = msgspec.json.decode(row["operators"], type=dict[str, tuple[int, int, int, int, int]])
        except (ValueError, msgspec.MsgspecError, RecursionError) as problem:
            raise RunFolderError(
                f"the operators of {row['module']} are not what a run writes: {problem}"
            ) from None
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


def exact(ran: Operations, pools: Operations) -> int:
    """Multiply-accumulates of convolution, linear and matmul: ours."""
    return ran.macs


def layers_alone(ran: Operations, pools: Operations) -> int:
    """Convolutions and linear layers; products of two maps are left out."""
    return ran.macs_of((*CONVOLUTION, *LINEAR))


def twice(ran: Operations, pools: Operations) -> int:
    """Multiplications and additions counted apart."""
    return 2 * ran.macs


def pooled(ran: Operations, pools: Operations) -> int:
    """MACs and the elements that are pooled."""
    return ran.macs + pools.read(POOLS)


def norms_twice(ran: Operations, pools: Operations) -> int:
    """MACs and two operations per element of a BatchNorm."""
    return ran.macs + 2 * ran.written(NORMS)


def thop_2020(ran: Operations, pools: Operations) -> int:
    """2 per element of a BatchNorm; averages with their division: thop since 2020, nearly fvcore."""
    return norms_twice(ran, pools) + pools.read(AVERAGES) + pools.written(AVERAGES)


def thop_2019(ran: Operations, pools: Operations) -> int:
    """4 per element of a BatchNorm, 1 per ReLU, averages, no maxima: thop of mid-2019."""
    averages = pools.read(AVERAGES) + pools.written(AVERAGES)
    return ran.macs + 4 * ran.written(NORMS) + ran.written(RELUS) + averages


def thop_early_2019(ran: Operations, pools: Operations) -> int:
    """thop_2019, a linear layer's additions, and the taps of 3x3 maxima: thop of early 2019."""
    return thop_2019(ran, pools) + ran.macs_of(LINEAR) + 9 * ran.written(("max_pool2d_with_indices",))


def ptflops(ran: Operations, pools: Operations) -> int:
    """2 per element of a BatchNorm; 1 per ReLU, pooled element and bias: ptflops to 0.6, mmcv."""
    return norms_twice(ran, pools) + ran.written(RELUS) + ran.biases(CONVOLUTION) + pools.read(POOLS)


def imgclsmob(ran: Operations, pools: Operations) -> Fraction:
    """Half the FLOPs of the counter of osmr/imgclsmob.

    It counts 2 per MAC, less one addition per pair of channels of a convolution and per output of a linear
    layer where these have no bias; 4 per element of a BatchNorm and of a sigmoid; 1 per ReLU and per tap of a
    pooling.
    """
    unbiased = ran.channel_pairs + ran.written(LINEAR) - ran.biases(LINEAR)
    taps = 9 * ran.written(("max_pool2d_with_indices",)) + pools.read(
        (*AVERAGES, "amax", "adaptive_max_pool2d")
    )
    elements = 4 * ran.written(NORMS) + 4 * ran.written(("sigmoid",)) + ran.written(RELUS)
    return Fraction(2 * ran.macs - unbiased + elements + taps, 2)


@dataclass(frozen=True)
class Convention:
    """A way to count MACs."""

    says: str  # what differs from ours, in words; empty for ours
    count: Callable[[Operations, Operations], int | Fraction]
    pools: bool = False  # whether pooling is counted at all


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
    Convention(
        "4 per element of a BatchNorm, ReLU, pooling, 2 per MAC of a linear layer (thop early 2019)",
        thop_early_2019,
        pools=True,
    ),
)  # fmt: skip


def all_params(ran: Operations) -> int:
    """Every learnable element: ours."""
    return ran.params


def params_of_leaves(ran: Operations) -> int:
    """Without parameters of modules that have submodules, which thop misses."""
    return ran.leaf_params


@dataclass(frozen=True)
class ParamsConvention:
    """A way to count parameters."""

    says: str  # what differs from ours, in words; empty for ours
    count: Callable[[Operations], int]


PARAMS = (ParamsConvention("", all_params), ParamsConvention("bare parameters missed", params_of_leaves))
