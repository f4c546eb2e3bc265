"""The look of every figure: a palette for colour-blind readers, with a mark of its own for each colour."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from textwrap import fill
from typing import Any

from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

# The palette of Masataka Okabe and Kei Ito (2008), its yellow left out: too pale on paper.
FAMILIES = {
    "channel": ("#0072B2", "o"),
    "spatial": ("#009E73", "s"),
    "channel+spatial": ("#E69F00", "D"),
    "self-attention": ("#D55E00", "^"),
    "branch": ("#CC79A7", "v"),
    "fusion": ("#56B4E9", "h"),
    "": ("#000000", "P"),  # a user's own
}
NAMES = {"": "own"}
SERIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKS = ("o", "^", "s", "D", "v", "P", "X")
INK, FAINT = "#222222", "#BBBBBB"
SMALL = 6.0  # points, of names and the caption
POINTS = 72  # per inch
LETTER = 0.6  # of its size: the width of a letter of the caption, amply
ONE_PANEL = 4.0  # inches: a narrower figure sets its panels below each other
FRAME = 0.6  # inches, of key and caption
KEY_WIDTH = 1.7  # inches
RULES: Any = {
    "font.size": 7.5,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7.5,
    "legend.fontsize": 7.0,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.edgecolor": INK,
    "axes.axisbelow": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "pdf.fonttype": 42,  # TrueType: what publishers ask for
    "text.parse_math": False,  # a name with a $ in it is a name
    "svg.hashsalt": "attnprof",  # the same figure is the same file
}


@contextmanager
def style() -> Iterator[None]:
    """The rules above, while a figure is drawn and saved."""
    with rc_context(RULES):
        yield


def canvas(width: float, panel_height: float, panels: int, **sharing: Any) -> tuple[Figure, list[Axes]]:
    """A figure of ``width`` inches, its panels in rows of at most two; one unit of display is a point."""
    columns = min(2, panels) if width > ONE_PANEL else 1
    rows = -(-panels // columns)
    figure = Figure(figsize=(width, rows * panel_height + FRAME), dpi=POINTS, layout="constrained")
    FigureCanvasAgg(figure)
    axes = list(figure.subplots(rows, columns, squeeze=False, **sharing).flatten())
    for spare in axes[panels:]:
        spare.remove()
    for panel in axes[max(0, panels - columns) : panels]:
        panel.tick_params(labelbottom=True)  # the lowest of its column, though a row may follow
    return figure, axes[:panels]


def labelled(axes: Sequence[Axes], across: str, up: str) -> None:
    """The axes' labels, at the left of every row and below every column."""
    for panel in axes:
        place = panel.get_subplotspec()
        columns = place.get_gridspec().ncols if place else 1
        if panel in axes[-columns:]:
            panel.set_xlabel(across)
        if place is None or place.is_first_col():
            panel.set_ylabel(up)


def key(figure: Figure, handles: Sequence[Artist]) -> None:
    """The legend above everything, in as many columns as the figure is wide."""
    columns = max(1, int(figure.get_figwidth() / KEY_WIDTH))
    figure.legend(
        handles=list(handles), loc="outside upper left", ncols=columns, handletextpad=0.4, columnspacing=1.2
    )


def captioned(figure: Figure, caption: str) -> None:
    """The conditions, below everything, in as many lines as the figure's width makes of them."""
    letters = int(figure.get_figwidth() * POINTS / (LETTER * SMALL))
    figure.supxlabel(fill(caption, letters), fontsize=SMALL, color="#555555")


def titled(axes: Axes, title: str, aside: str = "") -> None:
    """A panel's title, and a smaller text at its other end."""
    axes.set_title(title, loc="left", fontweight="bold")
    axes.set_title(aside, loc="right", fontsize=SMALL, color="#555555")


def settle(figure: Figure) -> None:
    """Fix the layout: what is added from now on moves no axes."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
