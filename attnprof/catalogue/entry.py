"""A module's ENTRY, read from its file without importing it, and so without torch.

``attnprof/modules/se.py`` exports ENTRY, a pure literal. Its keys:

    class       name of the nn.Module in the file; its keyword-only arguments are the hyperparameters
    name        its name in the literature
    paper       title, author (the first), venue, year, arxiv (or url)
    code        official code as owner/repository, or "" where there is none
    family      one of FAMILIES
    place       "after" a convolution block, "replace": in place of a 3x3 convolution, or "fuse": where two
                maps become one; the module then takes both, forward(x, y)
    aliases     other names that people use: each stands for the module as it is by default
    related     names by which people look for it, and that mean a part or another setting of it
    where       helper quantities of the formulas below, evaluated in this order
    params      closed form of the learnable parameters
    macs        closed form of the multiply-accumulates of convolution, linear and matmul, per image
    sized       rule by which the module is built for one map size; by default, whether the constructor takes
                height and width
    limits      [rule, sentence] pairs: a size that breaks a rule cannot be built or run
    variants    named sets of hyperparameters
    deviations  how official code, popular copies and the paper differ, one sentence each
    compiles    True, or the sentence that says why torch.compile cannot take it
    exports     True, or the sentence that says why torch.export (and ONNX through it) cannot take it
    inside      network -> where in it the module goes and with which settings, where its authors say so:
                {"resnet": {"place": "after_stage:1-3", "settings": {"reduction": 8}}}; names and places:
                networks/

Formulas may use C, H, W, N = H*W, batch, train and every hyperparameter (see formula.py).
"""

import ast
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from attnprof.catalogue.formula import evaluate, fill, symbols
from attnprof.catalogue.values import Value, show_value
from attnprof.errors import UsageError, nearest
from attnprof.grid import LARGEST, Point

FAMILIES = ("channel", "spatial", "channel+spatial", "self-attention", "branch", "fusion", "floor")
FUSE = "fuse"  # the place of a module that takes two maps
PLACES = {
    "after": "after a convolution block",
    "replace": "in place of a 3x3 convolution",
    FUSE: "where two maps become one",
}

_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a word"}
NOTHING: Mapping[str, Value] = MappingProxyType({})
GATE = "gate"  # the switch of a user's module that multiplies the map by what the module gives


@dataclass(frozen=True)
class Paper:
    """Where a module was published."""

    title: str
    author: str
    venue: str
    year: int
    arxiv: str = ""
    url: str = ""


@dataclass(frozen=True)
class Entry:
    """One attention module of the catalogue, as data. Fields as in the module docstring."""

    key: str
    class_name: str
    name: str
    doc: str
    paper: Paper | None
    code: str
    family: str
    place: str
    hyperparameters: Mapping[str, Value]
    sized: str
    params_formula: str
    macs_formula: str
    aliases: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    where: Mapping[str, str] = field(default_factory=dict)
    limits: tuple[tuple[str, str], ...] = ()
    variants: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    deviations: tuple[str, ...] = ()
    compiles: bool | str = True
    exports: bool | str = True
    inside: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    switches: Mapping[str, Value] = field(default_factory=dict)  # settings that are no hyperparameters
    roots: tuple[str, ...] = ()  # what a user's file imports from folders above it: 'models from /repository'

    @property
    def summary(self) -> str:
        """The first sentence of the file's docstring."""
        return self.doc.split("\n\n")[0].replace("\n", " ").strip()

    @property
    def maps(self) -> int:
        """How many maps it takes, all of one shape."""
        return 2 if self.place == FUSE else 1

    @property
    def arguments(self) -> Collection[str]:
        """The names of its settings, without switches."""
        return self.hyperparameters

    def takes(self, name: str) -> bool:
        """Whether there is a setting ``name``."""
        return name in self.hyperparameters or name in self.switches

    def takes_text(self, name: str) -> bool:
        """Whether any text is a value of the setting ``name``, as a path is: 'a/b'."""
        return False

    def settings(self, changes: Mapping[str, Value]) -> dict[str, Value]:
        """Every hyperparameter with its value: that in ``changes``, else the default; and the switches among
        ``changes``.

        Raises UsageError for a name that the constructor does not have.
        """
        for name in changes:
            if not self.takes(name):
                names = ", ".join(self.hyperparameters) or "none"
                hint = nearest(name, self.hyperparameters) or f"It has: {names}."
                raise UsageError(f"{self.key} has no hyperparameter {name!r}. {hint}")
        return {**self.hyperparameters, **changes}

    def changes(self, settings: Mapping[str, Value]) -> dict[str, Value]:
        """Those of ``settings`` that differ from the defaults, sorted: they identify a variant."""
        defaults = {**self.switches, **self.hyperparameters}
        return {
            name: value
            for name, value in sorted(self.settings(settings).items())
            if (type(value), value) != (type(defaults[name]), defaults[name])
        }

    def needs_size(self, settings: Mapping[str, Value] = NOTHING) -> bool:
        """Whether the module with these hyperparameters is built for one map size."""
        return bool(evaluate(self.sized, self._symbols(0, 0, 0, settings)))

    def typed(self, name: str, value: Value) -> Value:
        """``value`` of the setting ``name``, of its default's kind. Raises UsageError."""
        default = {**self.switches, **self.hyperparameters}[name]
        if default is None or (value is None and self._may_be_none(name)):
            return value
        if isinstance(default, float) and type(value) is int:
            return float(value)
        if type(value) is not type(default):
            raise UsageError(f"{self.key}.{name}: {show_value(value)!r} is not {_KINDS[type(default)]}")
        return value

    def build(self, constructor: Callable[..., Any], size: Point, settings: Mapping[str, Any]) -> Any:
        """The module for a map of ``size`` (C, H, W), by its class. Raises what that raises."""
        channels, height, width = size
        sides = {"height": height, "width": width} if self.needs_size(settings) else {}
        return constructor(channels, **settings, **sides)

    def remarks(self, size: Point, settings: Mapping[str, Any]) -> tuple[str, ...]:
        """What a reader of its figures at ``size`` (C, H, W) has to know of how it was built."""
        return ()

    def arguments_in_words(self) -> list[str]:
        """A line for each argument of the constructor: what it gets where it is not set."""
        lines = ["channels  (required)"]
        lines += [f"{name} = {show_value(value)}" for name, value in self.hyperparameters.items()]
        size = ["height, width  (required: the size is part of the module)"] if self.needs_size() else []
        return [*lines, *size]

    def arguments_in_code(
        self, settings: Mapping[str, Any], channels: str, height: str, width: str
    ) -> list[str]:
        """The arguments of the constructor's call, in these names of variables."""
        texts = [f"{name}={value!r}" for name, value in settings.items()]
        size = [f"height={height}", f"width={width}"] if self.needs_size(settings) else []
        return [channels, *texts, *size]

    def params(self, channels: int, height: int, width: int, settings: Mapping[str, Value] = NOTHING) -> int:
        """Learnable parameters by the closed form."""
        return int(evaluate(self.params_formula, self._symbols(channels, height, width, settings)))

    def macs(self, channels: int, height: int, width: int, settings: Mapping[str, Value] = NOTHING) -> int:
        """Multiply-accumulates of one image by the closed form."""
        return int(evaluate(self.macs_formula, self._symbols(channels, height, width, settings)))

    def refusal(
        self,
        channels: int,
        height: int,
        width: int,
        settings: Mapping[str, Value] = NOTHING,
        *,
        batch: int = 1,
        train: bool = False,
    ) -> str | None:
        """Why the module cannot run at this size, with the nearest sizes that can; None where it can.

        A height and width of 0 stand for an unknown size of map: only limits on other quantities are checked.
        """
        limits = self._limits_at(height)
        names = self._symbols(channels, height, width, settings, batch, train)
        broken = next((limit for limit in limits if not _holds(limit[0], names)), None)
        if broken is None:
            return None
        rule, sentence = broken
        sizes = self._sizes_behind(rule)
        # Only limits on the same sizes: no channel count mends a map that is wrong too.
        related = [other for other, _ in limits if self._sizes_behind(other) & sizes]

        def fits(c: int, h: int, w: int) -> bool:
            return _all_hold(related, self._symbols(c, h, w, settings, batch, train))

        return fill(sentence, names) + _nearest_points(sizes, (channels, height, width), fits)

    def fits(self, channels: int, height: int, width: int, settings: Mapping[str, Value] = NOTHING) -> bool:
        """Whether every limit allows this size, with batch 1 in eval mode."""
        if not self.limits:
            return True
        rules = [rule for rule, _ in self.limits]
        return _all_hold(rules, self._symbols(channels, height, width, settings))

    def fitting(self, dimensions: Collection[str], points: Sequence[Point]) -> list[Point]:
        """Those of ``points`` that ``fits``, where they differ in ``dimensions`` (of C, H and W) alone.

        Limits on anything else are looked at once, so that hundreds of sizes take little time.
        """
        rules = [rule for rule, _ in self.limits]
        varying = [rule for rule in rules if self._sizes_behind(rule) & set(dimensions)]
        at_first = self._symbols(*points[0], NOTHING)
        if not _all_hold(set(rules) - set(varying), at_first):
            return []
        helpers = self._helpers_behind(varying)
        shared = {name: value for name, value in at_first.items() if name not in helpers}

        def fits(point: Point) -> bool:
            names = {**shared, **_size_symbols(*point)}
            _add_helpers(names, helpers)
            return _all_hold(varying, names)

        return [point for point in points if fits(point)]

    def limited_sizes(self) -> set[str]:
        """Those of C, H and W that a limit depends on."""
        return {size for rule, _ in self.limits for size in self._sizes_behind(rule)}

    def refused_sizes(self) -> set[str]:
        """Those of C, H and W that ``refusal`` depends on: in a limit, or in what its sentence says."""
        texts = (text for _, sentence in self.limits for text in re.findall(r"[{]([^{}]+)[}]", sentence))
        return self.limited_sizes() | {size for text in texts for size in self._sizes_behind(text)}

    def rules(self) -> Iterator[str]:
        """The limits in words, with the default hyperparameters filled in."""
        for _, sentence in self.limits:
            try:
                # In a refusal the sentence ends with the value at hand; here that would be the default.
                yield fill(re.sub(r",? not [{][^}]*[}]", "", sentence), self.hyperparameters)
            except (NameError, ArithmeticError, TypeError):
                yield re.sub(r"[{]([^{}]+)[}]", r"\1", sentence)  # it depends on a size

    def _may_be_none(self, name: str) -> bool:
        """Whether a named variant sets ``name`` to None, which lets the module derive the setting."""
        return any(name in changes and changes[name] is None for changes in self.variants.values())

    def _symbols(
        self, c: int, h: int, w: int, settings: Mapping[str, Value], batch: int = 1, train: bool = False
    ) -> dict[str, Any]:
        names: dict[str, Any] = self.settings(settings)
        names |= {**_size_symbols(c, h, w), "batch": batch, "train": train}
        _add_helpers(names, self.where)
        return names

    def _limits_at(self, height: int) -> list[tuple[str, str]]:
        """The limits that can be looked at: where the height is 0, the map's size is unknown."""
        if height:
            return list(self.limits)
        return [limit for limit in self.limits if not self._sizes_behind(limit[0]) & {"H", "W"}]

    def _helpers_behind(self, rules: Iterable[str]) -> dict[str, str]:
        """The helper quantities that the rules depend on, in the order in which they are evaluated."""
        needed = {name for rule in rules for name in self._symbols_behind(rule)}
        return {name: text for name, text in self.where.items() if name in needed}

    def _sizes_behind(self, text: str) -> set[str]:
        """Those of C, H and W that the formula depends on, through helper quantities too."""
        return _sizes(self._symbols_behind(text))

    def _symbols_behind(self, text: str) -> set[str]:
        """The symbols that the formula depends on: its own, and those of helper quantities among them."""
        own = symbols(text)
        helpers = [name for name in own if name in self.where]
        return {*own, *(symbol for name in helpers for symbol in self._symbols_behind(self.where[name]))}


def _size_symbols(c: int, h: int, w: int) -> dict[str, int]:
    return {"C": c, "H": h, "W": w, "N": h * w}


def _sizes(names: Set[str]) -> set[str]:
    """Those of C, H and W that are among the symbols ``names``, N standing for H."""
    return {"H" if name == "N" else name for name in names} & {"C", "H", "W"}


def _add_helpers(names: dict[str, Any], helpers: Mapping[str, str]) -> None:
    """Evaluate ``helpers``, in their order, into ``names``."""
    for name, text in helpers.items():
        try:  # in place of ``suppress``, which takes as long as the formula: ``list`` looks at 18,000 sizes
            names[name] = evaluate(text, names)
        except (ArithmeticError, ValueError, NameError, TypeError):
            continue  # it may be undefined at a size that a limit refuses: a division by a width of 0


def _holds(rule: str, names: Mapping[str, Any]) -> bool:
    try:
        return bool(evaluate(rule, names))
    except (ArithmeticError, ValueError, NameError, TypeError):
        return False


def _all_hold(rules: Iterable[str], names: Mapping[str, Any]) -> bool:
    return all(_holds(rule, names) for rule in rules)


def _nearest_points(sizes: Set[str], point: Point, fits: Callable[[int, int, int], bool]) -> str:
    """The nearest channels, or the nearest square maps, that fit, where a limit on ``sizes`` depends on these
    alone; else ''."""
    channels, height, width = point
    if sizes == {"C"}:
        return _nearest_sizes(channels, lambda size: fits(size, height, width), "{0}")
    if sizes and "C" not in sizes and height == width:
        return _nearest_sizes(height, lambda side: fits(channels, side, side), "{0}x{0}")
    return ""


def _nearest_sizes(size: int, fits: Callable[[int], bool], form: str) -> str:
    """The nearest size on either side that fits: '; nearest 32, 64'. form: how a size is written."""
    below = next((n for n in range(size - 1, 0, -1) if fits(n)), None)
    above = next((n for n in range(size + 1, LARGEST + 1) if fits(n)), None)
    sizes = [form.format(n) for n in (below, above) if n is not None]
    return f"; nearest {', '.join(sizes)}" if sizes else ""


# A class's first line and its constructor's, where they end as formatters write them.
_HEADERS = re.compile(r"^(?:class |    def __init__\().*?:$", re.MULTILINE | re.DOTALL)
_LITERAL = re.compile(r"^ENTRY = \{$.*?^\}$", re.MULTILINE | re.DOTALL)


def read(key: str, path: str | Path) -> Entry:
    """The entry of the module file at ``path``, by parsing it: nothing is imported or run.

    Raises ValueError when the file has no ENTRY literal, or names a class that it does not define.
    """
    text = Path(path).read_text(encoding="utf-8")
    try:
        return _entry_in(key, declarations(text))
    except (SyntaxError, ValueError, LookupError, TypeError):  # it is laid out in another way, or wrong
        return _entry_in(key, text, str(path))


def declarations(text: str) -> str:
    """A module's file without the bodies of its classes, which take four fifths of the time to parse.

    Empty for a file that is not laid out as formatters do it.
    """
    literal = _LITERAL.search(text)
    if literal is None:
        return ""
    parts = [text[: literal.end()]]
    for header in _HEADERS.findall(text, literal.end()):
        parts.append(header + ("\n        pass" if header.startswith(" ") else "\n    pass"))
    return "\n".join(parts)


def _entry_in(key: str, text: str, path: str = "") -> Entry:
    tree = ast.parse(text, filename=path)
    literal: Any = None
    classes: dict[str, ast.ClassDef] = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            classes[node.name] = node
        elif isinstance(node, ast.Assign) and [ast.unparse(t) for t in node.targets] == ["ENTRY"]:
            literal = ast.literal_eval(node.value)
    if not isinstance(literal, dict) or literal.get("class") not in classes:
        raise ValueError(
            f"{path}: a module's file needs an ENTRY literal whose 'class' is defined in the file"
        )
    return build(key, ast.get_docstring(tree) or "", literal, *_constructor(classes[literal["class"]]))


def build(
    key: str, doc: str, literal: Mapping[str, Any], hyperparameters: Mapping[str, Value], takes_size: bool
) -> Entry:
    """An Entry from an ENTRY literal and the constructor's signature."""
    paper = literal.get("paper")
    return Entry(
        key=key,
        class_name=literal["class"],
        name=literal["name"],
        doc=doc,
        paper=Paper(**paper) if paper else None,
        code=literal.get("code", ""),
        family=literal["family"],
        place=literal["place"],
        hyperparameters=dict(hyperparameters),
        sized=literal.get("sized", str(takes_size)),
        params_formula=literal["params"],
        macs_formula=literal["macs"],
        aliases=tuple(literal.get("aliases", ())),
        related=tuple(literal.get("related", ())),
        where=dict(literal.get("where", {})),
        limits=tuple((rule, sentence) for rule, sentence in literal.get("limits", ())),
        variants={name: dict(values) for name, values in literal.get("variants", {}).items()},
        deviations=tuple(literal.get("deviations", ())),
        compiles=literal.get("compiles", True),
        exports=literal.get("exports", True),
        inside=dict(literal.get("inside", {})),
    )


def _constructor(definition: ast.ClassDef) -> tuple[dict[str, Value], bool]:
    """The keyword-only arguments of the class with their defaults, and whether it takes the map's size."""
    for node in definition.body:
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            return _keyword_arguments(node.args)
    return {}, False


def _keyword_arguments(arguments: ast.arguments) -> tuple[dict[str, Value], bool]:
    defaults = {
        argument.arg: None if default is None else ast.literal_eval(default)
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    }
    sizes = [name for name in ("height", "width") if name in defaults]
    return {name: value for name, value in defaults.items() if name not in sizes}, bool(sizes)
