"""Modules that the field knows and the catalogue has not: what each is, and where its authors' code is."""

from collections.abc import Sequence
from typing import NamedTuple


class Absent(NamedTuple):
    """One of them. names: as people write them, bare. paper: an arXiv number, or where it appeared.
    repository: the authors', on GitHub."""

    names: Sequence[str]
    title: str
    paper: str
    repository: str

    @property
    def answer(self) -> str:
        """What it is, and the ways to its cost."""
        paper = f"arXiv:{self.paper}" if self.paper[0].isdigit() else self.paper
        return (
            f"{self.title} ({paper}) is not in the catalogue; its authors' code is at"
            f" github.com/{self.repository}, and -m FILE.py:CLASS takes a file of yours"
        )


ABSENT = (
    Absent(("csra",), "class-specific residual attention", "2108.02456", "Kevinz-code/CSRA"),
    Absent(
        ("focalattention", "focalselfattention", "focaltransformer"),
        "focal self-attention of the Focal Transformer",
        "2107.00641",
        "microsoft/Focal-Transformer",
    ),
    Absent(("gfnet", "globalfilter"), "GFNet's global filter", "2107.00645", "raoyongming/GFNet"),
    Absent(("ocr",), "object-contextual representations", "1909.11065", "HRNet/HRNet-Semantic-Segmentation"),
    Absent(("psanet",), "point-wise spatial attention", "ECCV 2018", "hszhao/PSANet"),
    Absent(
        ("sdta",),
        "EdgeNeXt's split depthwise transpose attention",
        "2206.10589",
        "mmaaz60/EdgeNeXt",
    ),
    Absent(
        ("shunted", "shuntedattention"),
        "shunted self-attention",
        "2111.15193",
        "OliverRensu/Shunted-Transformer",
    ),
    Absent(("ss2d", "vmamba"), "VMamba's selective scan in two dimensions", "2401.10166", "MzeroMiko/VMamba"),
    Absent(
        ("transnext", "aggregatedattention"),
        "TransNeXt's aggregated attention",
        "2311.17132",
        "DaiShiResearch/TransNeXt",
    ),
)


def bare(name: str) -> str:
    """``name`` in lower case without hyphens and underscores."""
    return name.lower().replace("-", "").replace("_", "")


def absent_named(name: str) -> Absent | None:
    """The absent module that is called so, in any spelling."""
    return next((each for each in ABSENT if bare(name) in each.names), None)
