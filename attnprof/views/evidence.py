"""What is published of a module, as `show` prints it: figures with their sources."""

from collections.abc import Sequence
from decimal import Decimal
from textwrap import fill

from attnprof.published import PublishedFigure, choose, evidence, title_of, where_published

NAMED = 6  # of the other networks, before the rest is counted


def published(module: str, network: str, dataset: str, width: int, full: bool = False) -> str:
    """The section on published figures of ``module``; empty where nothing is published of it at all.

    full: with params and FLOPs in the source's own convention, and the recipe. Raises UnknownNameError for a
    network or dataset of which nothing is.
    """
    chosen = choose(network, dataset)
    elsewhere = where_published(module)
    if not elsewhere:
        return ""
    chosen_evidence = evidence(module, *chosen)
    others = [f"{title_of(*place)} ({many})" for *place, many in elsewhere if tuple(place) != chosen]
    named = [*others[:NAMED], *([f"{len(others) - NAMED} more"] if len(others) > NAMED else [])]
    more = fill(f"Also on {'; '.join(named)}", width - 2).split("\n") if others else []
    if chosen_evidence is None:
        return "\n".join([f"Nothing is published here for {title_of(*chosen)}", *_indented(more)])
    table, notes = _full(chosen_evidence.figures) if full else (_brief(chosen_evidence.figures), [])
    wrapped = [line for note in notes for line in fill(note, width - 2, subsequent_indent="    ").split("\n")]
    head = f"Published for {title_of(*chosen)} (not measured here; recipes differ)"
    return "\n".join([head, *_indented([*table, *wrapped, *more])])


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _brief(figures: Sequence[PublishedFigure]) -> list[str]:
    rows = [
        [f.value + (" (doubtful)" if f.doubtful else ""), f.top5, _gain(f), f.setting, f.cited]
        for f in figures
    ]
    return _aligned([[figures[0].metric, "top-5", "gain", "setting", "source"], *rows])


def _full(figures: Sequence[PublishedFigure]) -> tuple[list[str], list[str]]:
    notes: dict[str, int] = {}
    rows = [_row(figure, notes) for figure in figures]
    table = _aligned([[figures[0].metric, "top-5", "gain", "params", "GFLOPs", "setting", "source"], *rows])
    return table, [f"[{number}] {text}" for text, number in notes.items()]


def _gain(figure: PublishedFigure) -> str:
    return "" if figure.gain is None else f"{figure.gain:+}"


def _row(figure: PublishedFigure, notes: dict[str, int]) -> list[str]:
    def mark(text: str) -> str:
        return f" [{notes.setdefault(text, len(notes) + 1)}]"

    params = figure.params and figure.params + (" M" if figure.params_unit == "10^6" else mark(_unit(figure)))
    flops = figure.flops and figure.flops + (mark(figure.flops_convention) if figure.flops_convention else "")
    doubt = mark(figure.training) if figure.doubtful else ""
    return [
        figure.value + doubt,
        figure.top5,
        _gain(figure),
        params,
        flops,
        figure.setting,
        figure.short + mark(_source(figure)),
    ]


def _unit(figure: PublishedFigure) -> str:
    stated = figure.params_unit.startswith(("2^", "10^"))
    return f"params in units of {figure.params_unit}" if stated else "the unit of params is not established"


def _source(figure: PublishedFigure) -> str:
    place = "" if figure.title.endswith(figure.location) else f", {figure.location}"
    recipe = f"; {figure.training}" if figure.training and not figure.doubtful else ""
    return f"{figure.title}, {figure.source}{place}{recipe}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    filled = [n for n in range(len(rows[0])) if any(row[n] for row in rows[1:])]
    widths = {n: max(len(row[n]) for row in rows) for n in filled}
    return ["  ".join(row[n].ljust(widths[n]) for n in filled).rstrip() for row in rows]


def between(low: str, high: str) -> str:
    """A range of published figures, as printed; one figure where its ends are the same."""
    low, high = two_places(low), two_places(high)
    return low if low == high else f"{low} to {high}"


def two_places(printed: str) -> str:
    """A published figure with two decimals at most."""
    value = Decimal(printed)
    sign = "+" if printed[0] in "+-" else ""
    places = -int(value.as_tuple().exponent)
    return f"{value.quantize(Decimal('0.01')) if places > 2 else value:{sign}}"
