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
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Self

import msgspec

from attnprof.errors import RunFolderError

NORMS = ("native_batch_norm", "_native_batch_norm_legit_no_training")
RELUS = ("relu", "hardtanh")
AVERAGES = ("mean", "_adaptive_avg_pool2d", "adaptive_avg_pool2d")
WINDOWS = ("avg_pool2d",)  # averages over windows
MAXIMA = {"max_pool2d_with_indices": 9, "max_pool2d_with_indices@4": 4}  # over windows of so many elements
GLOBAL = (*AVERAGES, "amax", "adaptive_max_pool2d")  # one window is the map
POOLS = (*GLOBAL, *WINDOWS, *MAXIMA)
SIGMOIDS = {"sigmoid": 4, "silu": 5, "hardsigmoid": 1, "hardswish": 2}  # operations per element, by imgclsmob
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

    def taps(self) -> int:
        """Elements that the windows of maxima have, all together."""
        return sum(elements * self.written((name,)) for name, elements in MAXIMA.items())

    def without_pooling_of_maps(self) -> Self:
        """As if no average or maximum of whole maps had run."""
        return replace(self, kinds={name: kind for name, kind in self.kinds.items() if name not in GLOBAL})

    def with_windows_of(self, plain: Self) -> Self:
        """With the averages over windows that ``plain`` has in place of its own."""
        kinds = {name: kind for name, kind in self.kinds.items() if name not in WINDOWS}
        windows = {name: kind for name, kind in plain.kinds.items() if name in WINDOWS}
        return replace(self, kinds={**kinds, **windows})

    def with_pooling_once(self, more: Self) -> Self:
        """These, with the averages and maxima that ``more`` has beyond them, one operation per result."""
        read, written = self.read(GLOBAL), self.written(GLOBAL)
        beyond = more.written(GLOBAL) - written
        pooling = {AVERAGES[0]: (1, read + beyond, written + beyond, 0, 0)}
        return replace(self, kinds={**self.without_pooling_of_maps().kinds, **pooling})

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


def biased(ran: Operations, pools: Operations) -> int:
    """MACs and the biases of convolutions and linear layers."""
    return ran.macs + ran.biases((*CONVOLUTION, *LINEAR))


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
    return norms_twice(ran, pools) + _averages(pools)


def thop_2019(ran: Operations, pools: Operations) -> int:
    """4 per element of a BatchNorm, 1 per ReLU, averages, no maxima: thop of mid-2019."""
    return ran.macs + 4 * ran.written(NORMS) + ran.written(RELUS) + _averages(pools)


def thop_early_2019(ran: Operations, pools: Operations) -> int:
    """thop_2019, a linear layer's additions, and the taps of maxima: thop of early 2019."""
    return thop_2019(ran, pools) + ran.macs_of(LINEAR) + ran.taps()


def _averages(pools: Operations) -> int:
    """Averages with their division, as thop counts them."""
    return pools.read((*AVERAGES, *WINDOWS)) + pools.written(AVERAGES)


def ptflops(ran: Operations, pools: Operations) -> int:
    """2 per element of a BatchNorm; 1 per ReLU, pooled element and bias: ptflops to 0.6, mmcv."""
    return norms_twice(ran, pools) + ran.written(RELUS) + ran.biases(CONVOLUTION) + pools.read(POOLS)


def backbone(ran: Operations, pools: Operations) -> int:
    """ptflops without linear layers: mmcv, of a network whose classifier is a part by itself."""
    return ptflops(ran, pools) - ran.macs_of(LINEAR)


def imgclsmob(ran: Operations, pools: Operations) -> Fraction:
    """Half the FLOPs of the counter of osmr/imgclsmob.

    It counts 2 per MAC, less one addition per pair of channels of a convolution and per output of a linear
    layer where these have no bias; 4 per element of a BatchNorm and of a sigmoid, 5 of a SiLU; 1 per ReLU and
    per tap of a pooling.
    """
    unbiased = ran.channel_pairs + ran.written(LINEAR) - ran.biases(LINEAR)
    sigmoids = sum(operations * ran.written((name,)) for name, operations in SIGMOIDS.items())
    taps = ran.taps() + pools.read((*GLOBAL, *WINDOWS))
    elements = 4 * ran.written(NORMS) + ran.written(RELUS) + sigmoids
    return Fraction(2 * ran.macs - unbiased + elements + taps, 2)


@dataclass(frozen=True)
class Convention:
    """A way to count MACs."""

    says: str  # what differs from ours, in words; empty for ours
    count: Callable[[Operations, Operations], int | Fraction]
    pools: bool = False  # whether pooling is counted at all
    once: bool = (
        False  # whether pooling of a whole map may count as one operation: as MXNet's blocks describe it
    )


OURS = Convention("", exact)
MACS = (
    OURS,
    Convention("2 FLOPs per MAC", twice),
    Convention("matmul left out", layers_alone),
    Convention("biases counted", biased),
    Convention("pooling counted", pooled, pools=True),
    Convention("2 per element of a BatchNorm", norms_twice),
    Convention("2 per element of a BatchNorm, averages (thop 2020)", thop_2020, pools=True),
    Convention("2 per element of a BatchNorm, ReLU, pooling, biases (ptflops)", ptflops, pools=True),
    Convention(
        "2 per element of a BatchNorm, ReLU, pooling, biases, no linear layer (mmcv)", backbone, pools=True
    ),
    Convention(
        "half of all FLOPs, an addition less per pair of channels (imgclsmob)",
        imgclsmob,
        pools=True,
        once=True,
    ),
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
