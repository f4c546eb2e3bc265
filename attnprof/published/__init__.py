"""Published figures: what papers and repositories print for a network with a module in it. Nothing here was measured.

published.csv holds facts with their sources: digits and units as printed (a top-1 that is printed as an error is 100 less
it), the counting convention named, and whether the plain network beside a figure was trained with the same recipe. Only
then is a difference between the two a gain.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files

from attnprof.errors import UnknownNameError, nearest

NETWORK, DATASET = "resnet50", "imagenet1k"  # what is shown where nobody chose
TOP1 = "top-1"


@dataclass(frozen=True)
class PublishedFigure:
    """One published row. Fields are texts as printed, empty where the source says nothing.

    module: our name, empty where the catalogue has no such module; setting: how the source configures it.
    metric, value: top-1 in per cent, box AP, mAP or mIoU. plain: the same of the network without the module.
    params: in params_unit (10^6, or 2^20 as some counters print). flops: in 10^9, by flops_convention.
    recipe: 'yes', 'no' or 'unclear', with what the source says: whether the plain network was trained alike.
    secondhand: the figure was seen quoted, not at its origin.
    """

    module: str
    printed_name: str
    setting: str
    network: str
    insertion: str
    input_size: str
    dataset: str
    metric: str
    value: str
    top5: str
    plain: str
    params: str
    params_unit: str
    plain_params: str
    flops: str
    flops_convention: str
    plain_flops: str
    recipe: str
    training: str
    title: str
    source: str
    location: str
    secondhand: bool

    @property
    def doubtful(self) -> bool:
        """Whether the source itself looks wrong here; such a figure is shown and never judged by."""
        return "SOURCE ERROR" in self.training

    @property
    def gain(self) -> Decimal | None:
        """Points above the plain network; None unless that was trained with the same recipe (``no_gain`` says why)."""
        return None if self.no_gain else Decimal(self.value) - Decimal(self.plain)

    @property
    def no_gain(self) -> str:
        """Why there is no gain; empty where there is one."""
        if not self.value:
            return "no accuracy is printed"
        if not self.plain:
            return "no plain network beside it"
        if self.recipe.startswith("yes"):
            return ""
        if self.recipe.startswith("no"):
            reason = re.search(r"[(](.*)[)]", self.recipe)
            return f"the plain network's recipe differs{f' ({reason[1]})' if reason else ''}"
        return "the plain network's recipe is not stated"

    @property
    def short(self) -> str:
        """The source in a few words, for a line that names several: 'ECA-Net, Table 3', 'PytorchInsight'."""
        head, comma, place = re.sub(r"\s*[(][^)]*[)]", "", self.title).partition(", ")
        work = re.sub(r"^[^/ ]+/|:.*|\s+(\S+ )?(README|results csv|Table|docs/|pytorch/|gluon/).*$", "", head)
        return work + comma + place + (" (quoted)" if self.secondhand else "")

    @property
    def cited(self) -> str:
        """The source in one phrase: id, place in it, and whether the figure is only quoted there."""
        return f"{self.source}, {self.location}" + (" (quoted)" if self.secondhand else "")


@dataclass(frozen=True)
class Evidence:
    """The figures of one module on one network and dataset, from the lowest to the highest; never empty."""

    figures: tuple[PublishedFigure, ...]

    @property
    def sound(self) -> tuple[PublishedFigure, ...]:
        """The figures that count: not the doubtful ones."""
        return tuple(each for each in self.figures if not each.doubtful)

    @property
    def gains(self) -> tuple[PublishedFigure, ...]:
        """The figures that stand beside a plain network of the same recipe, by rising gain."""
        having = [each for each in self.sound if each.gain is not None]
        return tuple(sorted(having, key=lambda each: each.gain or Decimal(0)))


@cache
def figures() -> tuple[PublishedFigure, ...]:
    """Every published row, in the order of the file."""
    text = files("attnprof.published").joinpath("published.csv").read_text(encoding="utf-8")
    return tuple(_figure(row) for row in csv.DictReader(text.splitlines()))


def evidence(module: str, network: str = NETWORK, dataset: str = DATASET) -> Evidence | None:
    """What is published of ``module`` on a network and dataset given by key (``network_key``); None where nothing is."""
    found = [
        each
        for each in figures()
        if each.module == module and each.value
        and (network_key(each.network), dataset_key(each.dataset)) == (network, dataset)
    ]  # fmt: skip
    return (
        Evidence(tuple(sorted(found, key=lambda each: Decimal(each.value))))
        if any(not f.doubtful for f in found)
        else None
    )


def network_key(printed: str) -> str:
    """What different spellings of one network have in common: 'resnet50' of 'ResNet-50 (v1.5)', 'maskrcnnresnet50fpn'.

    What stands in parentheses (strides, stem) is a remark; a width of 1.0 is the plain network.
    """
    plain = re.sub(r"\s*[(].*|-1[.]0$", "", printed)
    return re.sub(r"[^a-z0-9]", "", re.sub(r"\bR(?=\d)", "ResNet-", plain).lower())


def dataset_key(printed: str) -> str:
    """'imagenet1k' of 'ImageNet-1k'."""
    return re.sub(r"[^a-z0-9]", "", printed.lower())


def choose(network: str, dataset: str) -> tuple[str, str]:
    """The keys that a user's words mean: 'ResNet-50' or 'resnet50'; 'imagenet' where one dataset begins so.

    Raises UnknownNameError, with the nearest or all.
    """
    networks = {network_key(each.network): each.network for each in figures()}
    datasets = {dataset_key(each.dataset): each.dataset for each in figures() if each.dataset}
    chosen = (
        _chosen("--network", network, network_key(network), networks),
        _chosen("--dataset", dataset, dataset_key(dataset), datasets),
    )
    both = {(network_key(each.network), dataset_key(each.dataset)) for each in figures() if each.value}
    if chosen not in both:
        there = ", ".join(datasets[key] for network, key in sorted(both) if network == chosen[0])
        raise UnknownNameError(
            f"--dataset: nothing is published here of {networks[chosen[0]]} on {datasets[chosen[1]]}. There is: {there}"
        )
    return chosen


def metric_of(network: str, dataset: str) -> str:
    """What is published of a network and dataset given by key: 'top-1', 'box AP'."""
    return next(
        each.metric
        for each in figures()
        if each.value and (network_key(each.network), dataset_key(each.dataset)) == (network, dataset)
    )


def title_of(network: str, dataset: str) -> str:
    """'ResNet-50, ImageNet-1k': as printed most briefly, for a caption."""
    networks = [re.sub(r"\s*[(].*", "", f.network) for f in figures() if network_key(f.network) == network]
    datasets = [each.dataset for each in figures() if dataset_key(each.dataset) == dataset]
    return f"{max(networks, key=networks.count)}, {datasets[0]}"


def _chosen(option: str, given: str, key: str, known: dict[str, str]) -> str:
    beginning = [each for each in known if key and each.startswith(key)]
    if key in known or len(beginning) == 1:
        return key if key in known else beginning[0]
    hint = nearest(key, known) or f"There are: {', '.join(sorted(known))}"
    raise UnknownNameError(f"{option}: nothing is published here for {given!r}. {hint}")


def where_published(module: str) -> Sequence[tuple[str, str, int]]:
    """(network, dataset, how many figures) of everything that is published of ``module``, keys, most figures first."""
    places = [
        (network_key(f.network), dataset_key(f.dataset)) for f in figures() if f.module == module and f.value
    ]
    return sorted({(*place, places.count(place)) for place in places}, key=lambda each: (-each[2], each))


def span(found: Iterable[PublishedFigure]) -> tuple[str, str]:
    """The lowest and the highest value among figures, as printed."""
    values = sorted((each.value for each in found), key=Decimal)
    return values[0], values[-1]


def _figure(row: dict[str, str]) -> PublishedFigure:
    top1 = bool(row["top1"])
    return PublishedFigure(
        module=row["module_key"],
        printed_name=row["module"],
        setting=row["variant"],
        network=row["backbone"],
        insertion=row["insertion"],
        input_size=row["input_size"],
        dataset=row["dataset"],
        metric=TOP1 if top1 else row["metric"],
        value=row["top1"] if top1 else row["metric_value"],
        top5=row["top5"],
        plain=row["baseline_top1"] if top1 else row["baseline_metric_value"],
        params=row["params_M"],
        params_unit=row["params_unit"],
        plain_params=row["baseline_params_M"],
        flops=row["flops_G"],
        flops_convention=row["flops_convention"],
        plain_flops=row["baseline_flops_G"],
        recipe=row["baseline_same_recipe"],
        training=row["training_note"],
        title=row["source_title"],
        source=row["source_id"],
        location=row["source_location"],
        secondhand=row["confidence"] == "seen-in-secondary-source",
    )
