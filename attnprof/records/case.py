"""Case: one cell of the grid, with everything that must match before two figures may be compared."""

import json
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from hashlib import sha256
from typing import Annotated, Any

from msgspec import Meta

from attnprof.catalogue import MODULES, entry
from attnprof.catalogue.values import Value
from attnprof.grid import IMAGE_CHANNELS, show_res

ELEMENT_BYTES = {"fp32": 4, "fp16": 2, "bf16": 2, "fp64": 8}
# What two figures of one module at one size must share before they may be compared. Every table of what is
# alike is made from it.
CONDITIONS = ("batch", "dtype", "layout", "device", "threads", "execution")
# The same of two rows of results, which may be of networks and of several machines.
ROW_CONDITIONS = ("host", "network_input", *CONDITIONS, "device_name")
# Modes of torch.compile that make CUDA graphs of what they compile, on a GPU.
GRAPH_MODES = ("reduce-overhead", "max-autotune")
# What a case that is read has to keep to.
Positive = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Count = Annotated[int, Meta(ge=0)]
Whole = Annotated[int, Meta(ge=0, le=2**63 - 1)]


@dataclass(frozen=True)
class Case:
    """One module at one size under one set of conditions. Hashable; ``key`` names it across runs and
    machines."""

    module: str
    channels: Positive  # of the module's input; of the network's, where there is one
    height: Positive
    width: Positive
    hyperparameters: dict[str, Value] = field(default_factory=dict)  # all of them, sorted by name
    variant: str = ""  # the hyperparameters that differ from the defaults, as text
    source: str = ""  # hash of the file of a user's module
    host: str = ""  # the network that the module is inserted in
    place: str = ""  # where in the network
    network_input: str = (
        ""  # the network's input as text, '224x224', or '1x98x98' where it has not three channels
    )
    batch: Positive = 1
    dtype: Annotated[str, Meta(pattern=f"^({'|'.join(ELEMENT_BYTES)})$")] = "fp32"
    autocast: str = ""  # '', 'bf16' or 'fp16'
    layout: str = "contiguous"  # or 'channels_last'
    device: str = "cpu"  # its kind; behind it a number in runs of older versions
    threads: Whole = 1
    mode: str = "eval"  # forward; 'train': forward and backward
    # The runtime; behind 'compiled' and ':' a mode of torch.compile that is not its default.
    execution: str = "eager"
    inputs: str = "cold"  # the input of each call is out of cache; 'hot': one input for all calls
    tf32: bool = False
    seed: Whole = 0

    def __hash__(self) -> int:
        size = self.batch, self.channels, self.height, self.width
        return hash((self.module, self.variant, self.host, self.place, self.mode, self.device, size))

    @cached_property
    def key(self) -> str:
        """SHA-256 of the canonical JSON."""
        return key_of(vars(self))  # the fields alone: the key becomes an attribute only now

    @property
    def title(self) -> str:
        """The module with its variant, as a user writes it: ``cbam(reduction=8)``."""
        return f"{self.module}({self.variant})" if self.variant else self.module

    @property
    def placement(self) -> str:
        """What a run has at each of its points: the title, in a network with its place."""
        return " ".join(filter(None, (self.title, self.host and f"in {self.host}", self.place)))

    @property
    def target(self) -> str:
        """Title and size: ``se@64@56`` or ``se@64@28x40``; in a network ``se in resnet50@224 after_bn3``."""
        is_image = not self.host or self.channels == IMAGE_CHANNELS
        size = show_res((self.height, self.width)) if is_image else self.network_input
        where = f"{self.title} in {self.host}" if self.host else f"{self.title}@{self.channels}"
        place = f" {self.place}" if self.place else ""
        return f"{where}@{size}{place}"

    @property
    def label(self) -> str:
        """The target, several images per call, and training: ``se@64@56 batch 8 (train)``."""
        images = f" batch {self.batch}" if self.batch > 1 else ""
        return f"{self.target}{images}" + ("" if self.mode == "eval" else f" ({self.mode})")

    @property
    def runtime(self) -> str:
        """The name of what computes it: 'eager', 'compiled', 'onnxruntime'."""
        return self.execution.partition(":")[0]

    @property
    def compile_mode(self) -> str | None:
        """The mode of torch.compile; None where it runs eagerly."""
        way, _, mode = self.execution.partition(":")
        return (mode or "default") if way == "compiled" else None

    @property
    def replays_graphs(self) -> bool:
        """Whether a call replays CUDA graphs that torch.compile has made."""
        return self.device != "cpu" and self.compile_mode in GRAPH_MODES

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(N, C, H, W) of an input."""
        return self.batch, self.channels, self.height, self.width

    @property
    def maps(self) -> int:
        """How many inputs of its shape a call takes: two where the module fuses two maps."""
        return 1 if self.host or self.module not in MODULES else entry(self.module).maps

    @property
    def input_text(self) -> str:
        """What a call takes: '1x64x56x56', or '2 of 1x64x56x56'."""
        return ("" if self.maps == 1 else f"{self.maps} of ") + "x".join(map(str, self.shape))

    @property
    def input_bytes(self) -> int:
        """Bytes of one input."""
        return self.batch * self.channels * self.height * self.width * ELEMENT_BYTES[self.dtype]

    def to_json(self) -> dict[str, Any]:
        """The fields, ready for JSON."""
        values = {name: getattr(self, name) for name in _FIELDS}
        return {**values, "hyperparameters": dict(sorted(self.hyperparameters.items()))}


def device_kind(device: str) -> str:
    """'cuda' of 'cuda:1': devices of one kind in one machine are alike, whichever a run was given."""
    return device.partition(":")[0]


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def key_of(fields: dict[str, Any]) -> str:
    """The key of the case that has these fields: those of Case, or of another version's."""
    return sha256(_CANONICAL.encode(fields).encode()).hexdigest()


def conditions(case: Case) -> Case:
    """The case without what differs between cases that are compared under equal conditions."""
    return replace(case, module="", hyperparameters={}, variant="", source="", place="")


_FIELDS = tuple(field.name for field in fields(Case))
