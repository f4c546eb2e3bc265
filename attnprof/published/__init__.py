"""Published figures: what papers and repositories print for a network with a module in it.

Nothing here was measured by attnprof. published.csv holds facts with their sources: digits and units as
printed (a printed top-1 error is converted to 100 less it), the counting convention, and whether the plain
network beside a figure was trained with the same recipe. Only then is a difference between the two a gain.
"""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from attnprof.errors import UnknownNameError, nearest

NETWORK, DATASET = "resnet50", "imagenet1k"  # shown by default
TOP1 = "top-1"


@dataclass(frozen=True)
class PublishedFigure:
    """One published row. Fields are texts as printed, empty where the source says nothing."""

    module: str  # key in the catalogue; empty for a module that it does not have
    printed_name: str
    setting: str  # the source's configuration of the module
    network: str
    insertion: str
    input_size: str
    dataset: str
    metric: str  # top-1 in per cent, box AP, mAP or mIoU
    value: str
    top5: str
    plain: str  # value of the network without the module
    params: str  # in params_unit
    params_unit: str  # 10^6, or 2^20 as some counters print
    plain_params: str
    flops: str  # in 10^9
    flops_convention: str
    plain_flops: str
    recipe: (
        str  # 'yes', 'no' or 'unclear', with the source's words: whether the plain network was trained alike
    )
    training: str
    title: str
    source: str
    location: str
    secondhand: bool  # quoted by another source
    tried: str  # what was tried in vain to count the same

    @property
    def doubtful(self) -> bool:
        """Whether the source itself looks wrong; such a figure is shown, but no judgement rests on it."""
        return "SOURCE ERROR" in self.training

    @property
    def gain(self) -> Decimal | None:
        """Points above the plain network; None unless it was trained alike (``no_gain`` has the reason)."""
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
        """The source in a few words: 'ECA-Net, Table 3', 'PytorchInsight'."""
        head, comma, place = re.sub(r"\s*[(][^)]*[)]", "", self.title).partition(", ")
        work = re.sub(r"^[^/ ]+/|:.*|\s+(\S+ )?(README|results csv|Table|docs/|pytorch/|gluon/).*$", "", head)
        return work + comma + place + (" (quoted)" if self.secondhand else "")

    @property
    def cited(self) -> str:
        """The source in one phrase: id, location, and whether the figure is quoted."""
        return f"{self.source}, {self.location}" + (" (quoted)" if self.secondhand else "")


@dataclass(frozen=True)
class Evidence:
    """The figures of one module on one network and dataset, from the lowest to the highest; never empty."""

    figures: tuple[PublishedFigure, ...]

    @property
    def sound(self) -> tuple[PublishedFigure, ...]:
        """The figures that are not doubtful."""
        return tuple(figure for figure in self.figures if not figure.doubtful)

    @property
    def gains(self) -> tuple[PublishedFigure, ...]:
        """The figures beside a plain network of the same recipe, by rising gain."""
        gains = [figure for figure in self.sound if figure.gain is not None]
        return tuple(sorted(gains, key=lambda figure: figure.gain or Decimal(0)))


@cache
def figures() -> tuple[PublishedFigure, ...]:
    """Every published row, in the order of the file."""
    text = Path(__file__).with_name("published.csv").read_text(encoding="utf-8")
    return tuple(_figure(row) for row in csv.DictReader(text.splitlines()))


def evidence(module: str, network: str = NETWORK, dataset: str = DATASET) -> Evidence | None:
    """The figures of ``module`` on a network and dataset, by key; None where all are doubtful."""
    published = [figure for figure in _figures_on(network, dataset) if figure.module == module]
    if all(figure.doubtful for figure in published):
        return None
    return Evidence(tuple(sorted(published, key=lambda figure: Decimal(figure.value))))


@cache
def _figures_on(network: str, dataset: str) -> list[PublishedFigure]:
    """The rows with a value on a network and dataset given by key, in the order of the file."""
    return [figure for figure in figures() if figure.value and _place(figure) == (network, dataset)]


def _place(figure: PublishedFigure) -> tuple[str, str]:
    """The keys of its network and its dataset."""
    return network_key(figure.network), dataset_key(figure.dataset)


@cache
def network_key(printed: str) -> str:
    """One key for all spellings of a network: 'resnet50' of 'ResNet-50 (v1.5)', 'maskrcnnresnet50fpn'.

    What stands in parentheses (strides, stem) is a remark; a width of 1.0 is the plain network.
    """
    plain = re.sub(r"\s*[(].*|-1[.]0$", "", printed)
    return re.sub(r"[^a-z0-9]", "", re.sub(r"\bR(?=\d)", "ResNet-", plain).lower())


@cache
def dataset_key(printed: str) -> str:
    """'imagenet1k' of 'ImageNet-1k'."""
    return re.sub(r"[^a-z0-9]", "", printed.lower())


def choose(network: str, dataset: str) -> tuple[str, str]:
    """The keys for a user's words: 'ResNet-50' or 'resnet50'; 'imagenet' where one dataset begins so.

    Raises UnknownNameError, with the nearest or all.
    """
    networks = {network_key(figure.network): figure.network for figure in figures()}
    datasets = {dataset_key(figure.dataset): figure.dataset for figure in figures() if figure.dataset}
    chosen_network = _chosen("--network", network, network_key(network), networks)
    chosen_dataset = _chosen("--dataset", dataset, dataset_key(dataset), datasets)
    places = {_place(figure) for figure in figures() if figure.value}
    if (chosen_network, chosen_dataset) not in places:
        titles = ", ".join(datasets[key] for network, key in sorted(places) if network == chosen_network)
        raise UnknownNameError(
            f"--dataset: nothing is published here of {networks[chosen_network]}"
            f" on {datasets[chosen_dataset]}. There is: {titles}"
        )
    return chosen_network, chosen_dataset


def metric_of(network: str, dataset: str) -> str:
    """The metric published for a network and dataset given by key: 'top-1', 'box AP'."""
    return _figures_on(network, dataset)[0].metric


def title_of(network: str, dataset: str) -> str:
    """'ResNet-50, ImageNet-1k': the most frequent short form, for a caption."""
    names = [figure.network for figure in figures() if network_key(figure.network) == network]
    networks = [re.sub(r"\s*[(].*", "", name) for name in names]
    datasets = [figure.dataset for figure in figures() if dataset_key(figure.dataset) == dataset]
    return f"{max(networks, key=networks.count)}, {datasets[0]}"


def _chosen(option: str, text: str, key: str, titles: Mapping[str, str]) -> str:
    """``key``, or the only key that begins so. titles: by key."""
    if key in titles:
        return key
    matches = [candidate for candidate in titles if key and candidate.startswith(key)]
    if len(matches) == 1:
        return matches[0]
    hint = nearest(key, titles) or f"There are: {', '.join(sorted(titles))}"
    raise UnknownNameError(f"{option}: nothing is published here for {text!r}. {hint}")


def where_published(module: str) -> Sequence[tuple[str, str, int]]:
    """(network, dataset, number of figures) of ``module``, by key, most figures first."""
    places = [_place(figure) for figure in figures() if figure.module == module and figure.value]
    counted = {(*place, places.count(place)) for place in places}
    return sorted(counted, key=lambda row: (-row[2], row))


def span(rows: Iterable[PublishedFigure]) -> tuple[str, str]:
    """The lowest and the highest value among figures, as printed."""
    values = sorted((figure.value for figure in rows), key=Decimal)
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
        tried=row["tried"],
    )
