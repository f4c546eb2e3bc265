"""What a worker is asked to measure, as it goes over the pipe."""

from dataclasses import asdict, dataclass
from typing import Any, Self

from attnprof.case import Case
from attnprof.measuring.bound import Peaks
from attnprof.measuring.rounds import Effort


@dataclass(frozen=True)
class Order:
    """A block of cases for one process. metrics: names. repeat: the number of the process, from 0.

    spread: show quartiles instead of an interval. peaks: what the device can do at best, where a metric asks for it.
    """

    cases: tuple[Case, ...]
    metrics: tuple[str, ...]
    effort: Effort
    repeat: int = 0
    spread: bool = False
    peaks: Peaks | None = None

    def to_json(self) -> dict[str, Any]:
        """The order as a line of the protocol."""
        return {
            "do": "measure",
            "cases": [case.to_json() for case in self.cases],
            "metrics": list(self.metrics),
            "effort": asdict(self.effort),
            "repeat": self.repeat,
            "spread": self.spread,
            "peaks": asdict(self.peaks) if self.peaks else None,
        }

    @classmethod
    def from_json(cls, line: dict[str, Any]) -> Self:
        """The order that ``to_json`` wrote."""
        return cls(
            tuple(map(Case.from_json, line["cases"])),
            tuple(line["metrics"]),
            Effort(**line["effort"]),
            line["repeat"],
            line["spread"],
            Peaks.from_json(line["peaks"]) if line["peaks"] else None,
        )
