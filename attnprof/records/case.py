"""Case: one cell of the grid, with everything that must match before two figures may be compared."""

import json
from dataclasses import dataclass, fields
from functools import cached_property
from hashlib import sha256
from typing import Any, Self

from attnprof.catalogue.entry import Value

ELEMENT_BYTES = {"fp32": 4, "fp16": 2, "bf16": 2, "fp64": 8}


@dataclass(frozen=True)
class Case:
    """One module at one size under one set of conditions. Hashable; ``key`` names it across runs and machines.

    hyperparameters: all of them, sorted by name. variant: those that differ from the defaults, as text.
    mode: 'eval' (forward) or 'train' (forward and backward). layout: 'contiguous' or 'channels_last'. execution: 'eager' or
    'compiled'. autocast: '', 'bf16' or 'fp16'. inputs: 'cold', each call's input out of cache, or 'hot', one input for all.
    host, place: the network that the module is in, and where; channels, height and width are then those of the network's
    input. network_input: its size once more, as text.
    """

    module: str
    channels: int
    height: int
    width: int
    hyperparameters: tuple[tuple[str, Value], ...] = ()
    variant: str = ""
    source: str = ""  # hash of the file of a module that is not ours
    host: str = ""
    place: str = ""
    network_input: str = ""
    batch: int = 1
    dtype: str = "fp32"
    autocast: str = ""
    layout: str = "contiguous"
    device: str = "cpu"
    threads: int = 1
    mode: str = "eval"
    execution: str = "eager"
    inputs: str = "cold"
    tf32: bool = False
    seed: int = 0

    @cached_property
    def key(self) -> str:
        """SHA-256 of the canonical JSON."""
        return sha256(json.dumps(self.to_json(), sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    @property
    def title(self) -> str:
        """The module with its variant, as a user writes it: ``cbam(reduction=8)``."""
        return f"{self.module}({self.variant})" if self.variant else self.module

    @property
    def label(self) -> str:
        """Title and size: ``se@64@56`` or ``se@64@28x40``; in a network ``se in resnet50@224 after_bn3``."""
        size = str(self.height) if self.height == self.width else f"{self.height}x{self.width}"
        where = f"{self.title} in {self.host}" if self.host else f"{self.title}@{self.channels}"
        place = f" {self.place}" if self.place else ""
        return f"{where}@{size}{place}" + ("" if self.mode == "eval" else f" ({self.mode})")

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(N, C, H, W) of the input."""
        return self.batch, self.channels, self.height, self.width

    @property
    def input_bytes(self) -> int:
        """Of one input."""
        return self.batch * self.channels * self.height * self.width * ELEMENT_BYTES[self.dtype]

    def to_json(self) -> dict[str, Any]:
        """The fields, ready for JSON."""
        return {
            **{name: getattr(self, name) for name in _FIELDS},
            "hyperparameters": dict(self.hyperparameters),
        }

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        """The case that ``to_json`` wrote."""
        return cls(**{**fields, "hyperparameters": tuple(sorted(fields["hyperparameters"].items()))})


_FIELDS = tuple(field.name for field in fields(Case))
