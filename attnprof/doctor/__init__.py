"""What has to be right before figures can be trusted, item by item, with advice where it is not."""

from dataclasses import dataclass

FINE, NOTE, STOP = LEVELS = ("ok", "note", "stop")


@dataclass(frozen=True)
class Finding:
    """The state of one item."""

    name: str
    level: str  # 'ok', 'note' (measuring works, and could be better) or 'stop' (it cannot work)
    says: str  # its state, in words
    advice: str = ""  # what to do about it, where something can be done
    commands: tuple[str, ...] = ()  # that do it, for a person to run

    def __post_init__(self) -> None:
        if self.level not in LEVELS or (self.level == FINE and self.advice):
            raise ValueError(f"{self.name}: level {self.level!r} with advice {self.advice!r}")
