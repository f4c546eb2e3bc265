"""What a run found, in sentences: the fastest, the front, what is published of them; and what to do next."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from attnprof import published
from attnprof.catalogue import MODULES
from attnprof.records.record import HOT
from attnprof.runtimes import EAGER
from attnprof.units import KINDS, show_count, show_seconds
from attnprof.views.evidence import between
from attnprof.views.remarks import meaning_of
from attnprof.views.rivals import MACS, PARAMS, Rival, SizeBlock

NAMED = 5  # modules in a sentence, before the rest is counted
SIZES = 2  # sizes in a sentence
QUALITIES = {HOT, "tokens", "incomplete"}  # flags that say what a row is, and disturb nothing
RUNTIME = "runtime"
NICE = (1, 2, 5)  # first digits of a limit that is proposed
ROOM = 2  # times the fastest: a limit that several modules keep


def findings(blocks: Sequence[SizeBlock]) -> list[str]:
    """Sentences on the whole run; none where nothing was timed."""
    if not any(block.competing for block in blocks):
        return []
    return [sentence for sentence in (_fastest(blocks), _front(blocks), _published(blocks)) if sentence]


def disturbances(blocks: Sequence[SizeBlock]) -> list[str]:
    """What stands in the way of exact figures: the most frequent flag, and figures that are rough."""
    return [sentence for sentence in (_flagged(blocks), _rough(blocks)) if sentence]


def _fastest(blocks: Sequence[SizeBlock]) -> str:
    """Who is fastest at which size, and which of those that tie has the fewest parameters."""
    sizes: dict[tuple[str, ...], list[SizeBlock]] = {}
    for block in blocks:
        if block.fastest:
            sizes.setdefault(tuple(sorted(rival.name for rival in block.fastest)), []).append(block)
    if not sizes:
        return "No latency has an interval yet: a longer --time-budget gives it one."
    groups = list(sizes.values())
    parts = [_fastest_of(group, blocks) for group in groups[:SIZES]]
    more = sum(map(len, groups[SIZES:]))
    return "; ".join([*parts, *([_rest(more, blocks)] if more else [])]) + "."


def _rest(count: int, blocks: Sequence[SizeBlock]) -> str:
    """That in so many of ``blocks`` others are fastest."""
    if count == 1:
        return f"1 more {' and '.join(_axes(blocks))} differs"
    return f"{count} more {_units(blocks)} differ"


def _fastest_of(blocks: Sequence[SizeBlock], every: Sequence[SizeBlock]) -> str:
    """Of blocks in which the same modules are fastest. every: all blocks of the run."""
    fastest, undecided = blocks[0].fastest, [rival.name for block in blocks for rival in block.undecided]
    where = _where(blocks, every)
    others = f"; by rough figures {_joined(undecided)} may be as fast" if undecided else ""
    if len(fastest) == 1:
        verb = "leads" if undecided else "is fastest"
        return f"{fastest[0].name} {verb}{where} ({_latencies(blocks)}){others}"
    tie = f"{_joined([rival.name for rival in fastest])} tie for fastest{where}"
    return f"{tie}{_leanest(fastest)}{others}"


def _latencies(blocks: Sequence[SizeBlock]) -> str:
    """The latency of the fastest, from the least to the greatest of ``blocks``."""
    seconds = [block.fastest[0].latency or 0.0 for block in blocks]
    return " to ".join(dict.fromkeys(show_seconds(end) for end in (min(seconds), max(seconds))))


def _where(blocks: Sequence[SizeBlock], every: Sequence[SizeBlock]) -> str:
    """At which sizes and batches, and in which runtimes, ``blocks`` are; nothing where the run has one."""
    if len(every) == 1:
        return ""
    axes = _axes(every)
    if len(blocks) == len(every):
        return f" {_preposition(axes)} every {' and '.join(axes)}"
    return f" {_preposition(axes)} {_joined([_point(block, axes) for block in blocks])}"


def _preposition(axes: Sequence[str]) -> str:
    """A runtime is something that one is fast in, a size something that one is fast at."""
    return "in" if axes[0] == RUNTIME else "at"


def _axes(blocks: Sequence[SizeBlock]) -> list[str]:
    """What tells ``blocks`` apart: 'size', 'batch', 'runtime', or some of them."""
    values: dict[str, set[object]] = {
        "size": {block.size for block in blocks},
        "batch": {block.batch for block in blocks},
        RUNTIME: {block.runtime for block in blocks},
    }
    return [axis for axis in values if len(values[axis]) > 1] or ["size"]


def _point(block: SizeBlock, axes: Sequence[str]) -> str:
    """'64@56', 'batch 8', '64@56 batch 8', '64@56 in onnxruntime' or 'onnxruntime'."""
    runtime = block.runtime if axes[0] == RUNTIME else f"in {block.runtime}"
    words = {"size": block.size, "batch": f"batch {block.batch}", RUNTIME: runtime}
    return " ".join(words[axis] for axis in axes)


def _units(blocks: Sequence[SizeBlock]) -> str:
    """The blocks in the plural: 'sizes', 'batches', 'sizes and batches'."""
    plurals = {"size": "sizes", "batch": "batches", RUNTIME: "runtimes"}
    return " and ".join(plurals[axis] for axis in _axes(blocks))


def _leanest(rivals: Sequence[Rival]) -> str:
    """Which of ``rivals`` has the fewest parameters, where they differ in that."""
    params = {rival.name: rival.row.get(PARAMS) for rival in rivals}
    counts = [count for count in params.values() if count is not None]
    if len(set(counts)) < 2:
        return ""
    name = next(name for name, count in params.items() if count == min(counts))
    return f", where {name} needs the fewest parameters ({show_count(min(counts))})"


def _front(blocks: Sequence[SizeBlock]) -> str:
    """What nothing else beats in latency and MACs at once: at every size, else at the first."""
    competing = [block for block in blocks if block.competing]
    fronts = [[rival.name for rival in block.front((MACS,))] for block in competing]
    shared = [name for name in fronts[0] if all(name in front for front in fronts)]
    return _unbeaten(shared) if shared else _unbeaten(fronts[0], _where(competing[:1], blocks))


def _unbeaten(names: Sequence[str], where: str = "") -> str:
    if not names:
        return ""
    return f"No other is both faster and cheaper in MACs than {_joined(names, 'or')}{where}."


def _published(blocks: Sequence[SizeBlock]) -> str:
    """The accuracy that is published of those modules, on the network that most is published of."""
    rivals = [rival for block in blocks for rival in [*block.fastest, *block.front((MACS,))]]
    modules = list(dict.fromkeys(rival.row["module"] for rival in rivals if not rival.row["variant"]))
    accuracies = []
    for module in modules:
        evidence = published.evidence(module)
        if evidence is not None:
            accuracies.append(f"{module} {between(*published.span(evidence.sound))}")
    if not accuracies:
        return ""
    place = published.title_of(published.NETWORK, published.DATASET)
    metric = published.metric_of(published.NETWORK, published.DATASET)
    return f"Published {metric} of {place}, not measured here: {_joined(accuracies)}."


def _flagged(blocks: Sequence[SizeBlock]) -> str:
    rows = [rival.row for block in blocks for rival in block.rivals if rival.latency is not None]
    flags = Counter(flag for row in rows for flag in str(row.get("flags") or "").split())
    for quality in QUALITIES:
        del flags[quality]
    if not flags:
        return ""
    flag, count = flags.most_common(1)[0]
    return f"{count} of {len(rows)} rows: {meaning_of(flag)}."


def _rough(blocks: Sequence[SizeBlock]) -> str:
    rough = sum(rival.is_rough for block in blocks for rival in block.rivals)
    if not rough:
        return ""
    latencies = f"{rough} rough latencies" if rough > 1 else "a rough latency"
    return f"~ marks {latencies}, of few processes, and ratios that the noise leaves open."


def _joined(words: Sequence[str], last: str = "and") -> str:
    """'se', 'se and eca', 'se, eca and 3 more'."""
    words = list(dict.fromkeys(words))
    if len(words) > NAMED + 1:
        words = [*words[:NAMED], f"{len(words) - NAMED} more"]
        last = "and"
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else "".join(words)


def next_commands(blocks: Sequence[SizeBlock], run: str) -> list[str]:
    """Three commands that go on from here. run: how they name the run; empty where it is the newest."""
    name = next((rival.row["module"] for rival in _candidates(blocks)), "se")
    words = [
        ["attnprof pick", run, *_limit(blocks)],
        ["attnprof report", run, "--open"],
        ["attnprof show", name],
    ]
    return [" ".join(filter(None, command)) for command in words]


def _candidates(blocks: Sequence[SizeBlock]) -> list[Rival]:
    """Modules of the catalogue that somebody would look at next: the fastest but the baseline."""
    rivals = [rival for block in blocks for rival in [*block.fastest, *block.competing, *block.rivals]]
    of_catalogue = [rival for rival in rivals if rival.row["module"] in MODULES]
    return sorted(of_catalogue, key=lambda rival: rival.name == blocks[0].baseline)


def _limit(blocks: Sequence[SizeBlock]) -> list[str]:
    """A limit that the fastest keep at every size, of several batches at the smallest, of several runtimes in
    the first; on parameters where nothing was timed."""
    batch, runtime = _first_conditions(blocks)
    axes = _axes(blocks)
    options = {"batch": f"--batch {batch}", "runtime": f"--runtime {runtime}"}
    which = [option for axis, option in options.items() if axis in axes]
    timed = [
        block for block in blocks if block.competing and (block.batch, block.runtime) == (batch, runtime)
    ]
    seconds = [block.competing[0].latency or 0.0 for block in timed]
    if not seconds:
        return [*which, "--max-params 10k"]
    return [*which, f"--max-latency {KINDS['seconds'].write(nice(ROOM * max(seconds)))}"]


def _first_conditions(blocks: Sequence[SizeBlock]) -> tuple[int, str]:
    """The smallest batch and the first runtime of ``blocks``."""
    batches, runtimes = [block.batch for block in blocks], [block.runtime for block in blocks]
    return min(batches, default=1), next(iter(runtimes), EAGER)


def nice(value: float) -> Decimal:
    """The least number of the form 1, 2 or 5 times a power of ten that is not below ``value``."""
    exponent = Decimal(repr(value)).adjusted()
    steps = [Decimal(step).scaleb(power) for power in (exponent, exponent + 1) for step in NICE]
    return next(step for step in steps if step >= Decimal(repr(value)))
