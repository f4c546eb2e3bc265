"""What a simulated device is like."""

import json
from dataclasses import asdict, dataclass, field

VARIABLE = "SIMULATED_CUDA"  # the environment variable by which a worker process gets its settings


@dataclass
class Settings:
    """Seconds, bytes, Hz."""

    torch: tuple[int, int] = (2, 13)  # the version whose failed captures leave their traces
    devices: int = 2
    twins: bool = False  # whether they have one name, as devices of one kind
    launch: float = 5e-6  # of the host, to issue one kernel
    kernel: float = 2e-6  # of the device, for one kernel
    kernels: dict[str, float] = field(default_factory=dict)  # the same, by name of the operator
    replay: float = 4e-6  # of the host, to issue a graph
    node: float = 0.0  # of the host, for each node of it
    gap: float = 0.0  # of the device, between two nodes
    clock: float = 1.5e9
    rest_clock: float = 1.5e9  # of a device that has not computed yet
    ramp: float = 0.0  # seconds of computing until ``rest_clock`` has become ``clock``
    capability: tuple[int, int] = (9, 0)
    memory: int = 2**33
    cache: int = 2**20
    allocator: str = "native"
    cupti: bool = True  # whether a profiler may see kernels
    throttled: bool = False
    rest_watts: float = 100.0
    watts: float = 400.0  # while it computes
    energy_step: float | None = 0.02  # seconds between updates of the counter of energy; None: there is none
    stolen: float = 0.0  # seconds of the host that other programs take whenever it issues a kernel
    hidden_sync: tuple[str, ...] = ()  # operators that wait for the device without torch's knowledge

    def as_variable(self) -> dict[str, str]:
        """The environment variable that hands these to a worker."""
        return {VARIABLE: json.dumps(asdict(self))}

    @classmethod
    def from_text(cls, text: str) -> "Settings":
        """The settings in the text of that variable."""
        fields = json.loads(text)
        pairs = {name: tuple(fields[name]) for name in ("torch", "hidden_sync", "capability")}
        return cls(**{**fields, **pairs})
