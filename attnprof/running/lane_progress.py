"""The progress of a run on several lanes: a line for each block of a lane, and the whole on one line."""

from attnprof.records.record import DoneEvent
from attnprof.running.protocol import LaneEvent, RunEvent

STATES = {
    "begins": "{words}",
    "ends": "{words} done",
    "lost": "lost, and tried once more: {words}",
    "retired": "lost twice, and gets no more: {words}",
}


class LanesProgress:
    """Where a run of so many ``cells`` on several lanes is, from its events."""

    def __init__(self, cells: int) -> None:
        self._cells = cells
        self._ended = 0
        self._blocks: dict[str, str] = {}  # of each lane that is at one
        self._seconds: float | None = None

    def see(self, event: RunEvent) -> list[str]:
        """Take one event in. A line for what a lane has done, or for its end."""
        if isinstance(event, DoneEvent):
            self._ended += 1
        if not isinstance(event, LaneEvent):
            return []
        self._seconds = event.seconds
        self._blocks.pop(event.lane, None)
        if event.state == "begins":
            self._blocks[event.lane] = event.words
            return []
        words = STATES[event.state].format(words=event.words)
        device = f" ({event.device})" if event.device else ""
        return [f"{event.lane}{device}: {words}; {self._whole()}"]

    def line(self) -> str:
        """What each lane is at, and where the whole is."""
        lanes = [f"{lane} {words}" for lane, words in sorted(self._blocks.items())]
        return "  ".join([self._whole(), *lanes])

    def _whole(self) -> str:
        """'12/30 cells, 1:20 left'."""
        cells = f"{self._ended}/{self._cells} cells"
        if self._seconds is None:
            return cells
        seconds = round(self._seconds)
        return f"{cells}, {seconds // 60}:{seconds % 60:02} left"
