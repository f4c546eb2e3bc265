"""What has to be right before figures can be trusted: looked at one by one, each with advice where it is not."""

from dataclasses import dataclass

FINE, NOTE, STOP = LEVELS = ("ok", "note", "stop")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. level: 'ok', 'note' (measuring works, and could be better) or 'stop' (it cannot work).

    says: what was found. advice: what to do about it, empty where nothing needs doing.
    """

    name: str
    level: str
    says: str
    advice: str = ""

    def __post_init__(self) -> None:
        if self.level not in LEVELS or (self.level == FINE and self.advice):
            raise ValueError(f"{self.name}: level {self.level!r} with advice {self.advice!r}")
