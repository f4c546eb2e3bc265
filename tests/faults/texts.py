"""Texts for options and arguments: good ones, nearly good ones, and what nobody means well by."""

from collections.abc import Sequence
from random import Random

from attnprof.backends import BACKENDS
from attnprof.catalogue import MODULES
from attnprof.choosing.measures import measures
from attnprof.counters import COUNTERS
from attnprof.figures import FIGURES
from attnprof.formats import FORMATS
from attnprof.metrics import METRICS
from attnprof.networks import NETWORKS
from attnprof.snippets import SNIPPETS
from tests.faults.arena import LATER, RUN, SHEET

MODULES_OF_RUN = ("se", "cbam", "eca", "none")
PLAIN_MODULES = (*MODULES_OF_RUN, "cbam(reduction=8)", "eca(kernel_size=3/5/7)", "gc", "my.py:Gate", "!se")
PATTERNS = (
    "family:channel",
    "place:after",
    "year:2018",
    "all",
    "!family:spatial",
    "timm:se",
    "absent.py:Gate",
)
POINTS = ("16@8", "32@8x8", "8@4x6", "16@8,32@8", "256@56", "1@1", "8192@8192")
RUNS = (
    *(RUN, LATER, SHEET) * 4,
    "-",
    "sheet.csv",
    "empty",
    "text.txt",
    "binary.bin",
    "absent",
    "damaged",
    "loop",
    "reports",
)
SPECS = (
    *("spec.toml",) * 6,
    "pyproject.toml",
    "attnprof.toml",
    "empty.toml",
    "folder.toml",
    "binary.bin",
    "absent.toml",
)
INPUTS = (
    "1x3x8x8",
    "q=1x4x8,k=1x4x8",
    "ids=int64[100]:1x16",
    "fp16:2x3",
    "3",
    "1x8x4x4,bool:1x4",
    "int[5]:3",
)
LIMITS = (
    "10k",
    "<=10k",
    "0.2ms",
    "8MiB",
    "5k/s",
    "77%",
    "1.2x:se",
    "0.8x:cbam(reduction=8)",
    ">=1",
    "1e3",
    "2x",
)
BUDGETS = (
    "params<=10k",
    "latency<=1.2x:se, top1>=77",
    "params≤10k,macs<=1M",
    "memory<=1MiB",
    "none",
    "throughput>=1k",
)
TIMES = ("1s", "0.2ms", "30s", "auto", "none", "2min", "1h", "1.5e3us", "1µs")
SIZES = ("4GiB", "1MB", "512KiB", "1e3TiB", "100B", "none")
NUMBERS = ("1", "2", "8", "1024", "65536", "0", "-1", "1e3", "007")
PLACES = ("last_3", "after_bn3:2-4", "layer*.bn3", "layer4.*.bn3", "all", "block_output:1-2")
COLUMNS = (
    "module",
    "params",
    "latency_s",
    "channels",
    "+fvcore",
    "macs",
    "latency",
    "size",
    "note",
    "status",
)
NETWORK_NAMES = (*NETWORKS.names(), "my.py:make_net", "resnet*", "resnet20")

PUBLISHED = ("resnet50", "resnet50", "mobilenetv2", "resnet101")
MEASURES = tuple(measures())

# By the name of the parameter; a name that is not here gets those of its metavar, else any.
GOOD: dict[str, Sequence[str]] = {
    "modules": (*PLAIN_MODULES, *PATTERNS), "name": MODULES.names(), "pattern": (*PLAIN_MODULES, *PATTERNS),
    "target": ("se@16@8", "cbam(reduction=8)@16@8x8", "my.py:Gate@8@8", "my.py:Gate", "se", "all@16@8"),
    "channels": ("16", "32", "8,16", "64,256", "1"), "res": ("8", "8x12", "7,14", "56"), "points": POINTS,
    "at": (*POINTS, *PLACES, "resnet50"), "networks": NETWORK_NAMES, "network": NETWORK_NAMES,
    "dataset": ("imagenet-1k", "cifar-100", "coco"), "preset": ("resnet50", "mobilenetv2", "yolo-n"),
    "variants": ("default", "all"), "set": ("cbam.reduction=8,16", "reduction=4,8", "se.reduction=none"),
    "batch": (*NUMBERS, "1,2", "2,1,2"), "threads": NUMBERS, "seed": NUMBERS, "shard": ("1/2", "2/2", "1/4", "9/9"),
    "device": ("auto", *BACKENDS.names(), "cuda:1", "meta", "Test"), "dtype": ("fp32", "fp16", "bf16", "fp64"),
    "autocast": ("bf16", "fp16"), "metrics": ("usual", *METRICS.names()), "metric": METRICS.names(),
    "counters": ("none", *COUNTERS.names()), "quality": ("quick", "standard", "paper"),
    "baseline": ("se", "none", "auto", "cbam"), "time_budget": TIMES, "timeout": TIMES, "precision": ("1%", "5%"),
    "tolerance": ("1%", "10%", "0.5%"), "memory_limit": SIZES, "budget": BUDGETS, "rank": METRICS.names(),
    "pareto": ("latency,params", "latency,params,top1", *METRICS.names()), "x": METRICS.names(),
    "y": METRICS.names(), "against": ("channels", "res", "batch"), "kind": FIGURES.names(), "width": ("7in", "8.5cm", "252pt"),
    "columns": COLUMNS, "pivot": ("channels", "res", "point", "batch", "mode", "device", "module", "latency_s"),
    "format": FORMATS.names(), "framework": SNIPPETS.names(), "shell": ("bash", "zsh", "fish"),
    "run": RUNS, "before": RUNS, "after": (*RUNS, "published:resnet50", "published:se"), "resume": RUNS,
    "spec": SPECS, "file": SPECS, "input": INPUTS, "folder": RUNS,
    "output": ("new", "page.html", "front.svg", "table.md", "a/b/c", RUN, "text.txt/x", "../x.html"),
}  # fmt: skip
# Of a parameter that means something else in one command.
OF_COMMAND: dict[tuple[str, str], Sequence[str]] = {
    ("show", "name"): (*MODULES.names(), "cbam(reduction=8)"), ("cite", "name"): (*MODULES.names(), "all"),
    ("show", "at"): POINTS[:3], ("list", "at"): POINTS[:3], ("host", "at"): PLACES, ("show", "network"): PUBLISHED,
    ("pick", "network"): PUBLISHED, ("table", "output"): ("table.md", "new", "text.txt"), ("merge", "run"): (RUN, LATER),
    ("report", "output"): ("page.html", "../x.htm", "absent/x.html"), ("plot", "output"): ("a.svg", "b.pdf", "c.png"),
    ("host", "modules"): (*PLAIN_MODULES, "year:2018"), ("plot", "x"): MEASURES, ("plot", "y"): MEASURES, ("pick", "rank"): MEASURES, ("pick", "pareto"): MEASURES,
    ("diff", "metric"): MEASURES, ("diff", "before"): (RUN, LATER), ("plot", "modules"): MODULES_OF_RUN,
    ("diff", "after"): (LATER, RUN, LATER, RUN, "published:se", "published:cbam"), ("table", "modules"): MODULES_OF_RUN,
    ("run", "name"): ("good", "a-b.c"), ("count", "name"): ("good", "a-b.c"),
    ("host", "name"): ("good", "a-b.c"), ("merge", "name"): ("good", "a-b.c"), ("doctor", "device"): ("cpu", "auto"),
}  # fmt: skip
BY_MEASURE = {
    "params": ("10k", "<=1M", "1.2x:se"), "macs": ("1M", "1.5x:cbam(reduction=8)"), "flops": ("1e6", "2x:eca"),
    "memory": ("1MiB", "8kB", "1.2x:se"), "latency": ("0.2ms", "1s", "1.1x:none"), "throughput": ("5k/s", "0.5x:se"),
    "top1": ("77", "77%"),
}  # fmt: skip
BY_METAVAR = {
    "LIMIT": LIMITS,
    "NAME": ("good", "a-b.c", "se", "resnet50"),
    "FOLDER": RUNS,
    "N": NUMBERS,
    "TIME": TIMES,
}
ANY = tuple(value for values in GOOD.values() for value in values)
LISTS = (
    "modules",
    "channels",
    "res",
    "points",
    "networks",
    "at",
    "metrics",
    "counters",
    "columns",
    "pareto",
    "set",
)
HOSTILE = (
    "", " ", "-", "--", "-1", "0", "00", "1e999", "-0", "nan", "inf", "9" * 30, "1" * 5000, "1e10s", "0s", "1e90TiB",
    "0.0000000001", "²", "٣", "१२", "½", "𝟜", "１６", "16@²", "\u202f", "a\nb", "\r", "\t", "\x1b[31mred", "\x07",
    "\x1b]52;c;aGk=\x07", "\x9b31m", "\u202e", "\udcff", "se\udcff", "é" * 300, "a" * 300, "a" * 5000, "(" * 1000,
    "[" * 1000, "((", "))", "se(", "se)", "se()", "se(=)", "se(reduction=)", "se(reduction=8,reduction=4)", "../x",
    "/", ".", "..", "...", "~", "//", "C:\\x", "%s", "%d", "{}", "{0}", "$(x)", "`x`", "a,b,,c", ",", ",,,", "!", "!!",
    "!all", "*", "?", "[", "[a-", "[!", "(?", "\\", "'", '"', "None", "none", "auto", "all", "true", "@", "@@", "x",
    "64@", "@56", "1x", "x1", "1xx1", "64@56@7", ":", "a:", ":a", "a:b:c", "my.py:", ".py:Gate", "my.py:Gate:Gate",
    "my.py:nn", "=", "a=", "=a", ".=1", "a.b.c=1", "<=", ">=", "<=<=", "params<", "latency<=x:se", "1.2x:", "1.2x:all",
    "1e400x:se", "-", "+", "+,+", "results.csv/x", "family:", "year:", "year:x", "place:", "1/0", "0/1",
    "2/1", "1/99999", "1//2", "1%%", "%", "0%", "100%", "1e-40%", "1e99", "9e99h", "0x10", "1_000", "+1", "١/٢",
)  # fmt: skip
LETTERS = "0123456789abcxXeE.,:;@()[]{}!=<>%/+-*_ \t\"'\\nµ²é\u202f🙂"


class Writer:
    """Writes the texts of one input, which is well meant, careless or hostile as a whole."""

    def __init__(self, random: Random, command: str) -> None:
        self.random, self._command = random, command
        self._goodness = random.choice((1.0, 0.97, 0.9, 0.7, 0.4))

    def value(self, name: str, metavar: str = "") -> str:
        """A value of the parameter ``name``: good, nearly good, of another parameter, or hostile."""
        if self.random.random() < self._goodness:
            return self._good(name, metavar)
        match self.random.randrange(4):
            case 0:
                return nearly(self.random, self._good(name, metavar))
            case 1:
                return self._good(self.random.choice(list(GOOD)), "")
        return self.random.choice(HOSTILE)

    def _good(self, name: str, metavar: str) -> str:
        """A value that the parameter takes; where nobody wrote one down, one that some parameter takes."""
        values = OF_COMMAND.get((self._command, name)) or GOOD.get(name) or BY_METAVAR.get(metavar) or ANY
        if metavar == "LIMIT":
            values = BY_MEASURE.get(name.rpartition("_")[2], LIMITS)
        count = self.random.choice((1, 1, 1, 2, 3)) if name in LISTS else 1
        return ",".join(self.random.choice(values) for _ in range(count))

    def slips(self, rarely: float) -> bool:
        """Whether something goes wrong that goes wrong so rarely in a careless input."""
        return self.random.random() < rarely * (1 - self._goodness)


def nearly(random: Random, text: str) -> str:
    """``text`` with a slip of the hand or two."""
    for _ in range(random.choice((1, 1, 2, 4))):
        at = random.randrange(len(text) + 1)
        before, behind = text[:at], text[at:]
        match random.randrange(7):
            case 0:
                text = before + behind[1:]
            case 1:
                text = before + random.choice(LETTERS) + behind
            case 2:
                text = before + random.choice(LETTERS) + behind[1:]
            case 3:
                text = before + behind[:3] * random.choice((2, 2, 50)) + behind[3:]
            case 4:
                text = behind + before
            case 5:
                text = text.swapcase()
            case 6:
                text = before + random.choice(HOSTILE) + behind
    return text
