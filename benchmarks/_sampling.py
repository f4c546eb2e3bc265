"""A worker that keeps every sample that it takes.

    python -m benchmarks._sampling FOLDER

leaves a file in FOLDER: a JSON object a line, one for each cell of a block, with its samples as [round, wall,
lost, busy, calls]. They are written when the block is measured, so that no sample is disturbed.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks import _workers


def keep_samples(trial: Any, block: Any, path: Path) -> None:
    """Have the classes ``trial`` and ``block`` keep the samples of every trial of a block in ``path``."""
    trials: list[Any] = []
    begin, measure = trial.__init__, block.measure

    def remembered(self: Any, *arguments: Any, **options: Any) -> None:
        begin(self, *arguments, **options)
        trials.append(self)

    def written(self: Any, *arguments: Any) -> None:
        measure(self, *arguments)
        with path.open("a", encoding="utf-8") as file:
            file.writelines(lines(trials))
        trials.clear()

    trial.__init__, block.measure = remembered, written


def lines(trials: Iterable[Any]) -> list[str]:
    """A line for each of the trials that is of a cell: the control's key is empty."""
    samples = {trial.key: [_sample(taken) for taken in trial.taken] for trial in trials if trial.key}
    return [json.dumps({"key": key, "samples": own}) + "\n" for key, own in samples.items() if own]


def _sample(taken: Any) -> list[float | None]:
    sample = taken.sample
    return [taken.round, sample.wall, sample.lost, sample.busy, taken.calls]


def main(folder: str) -> None:
    """Be a worker that keeps its samples, until the parent ends it."""

    def watch() -> None:
        from attnprof.measuring.trial import Trial
        from attnprof.worker.block import Block

        keep_samples(Trial, Block, Path(folder) / "samples.jsonl")

    _workers.work(watch)


if __name__ == "__main__":
    main(*sys.argv[1:])
