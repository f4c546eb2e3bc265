"""Pages of the site that are made from the code: commands, Python API, and one page per module."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import attnprof
from attnprof.catalogue import MODULES, entry
from attnprof.catalogue.citation import bibtex
from attnprof.catalogue.entry import PLACES, Entry
from attnprof.cli import COMMANDS
from attnprof.spec import Spec
from attnprof.spec.settings import SECTIONS

INDEX = [
    f"reference/{page}"
    for page in ("commands", "api", "modules/index", "contributing", "design", "changelog")
]
ROOT = Path(__file__).parent.parent
ROOT_PAGES = {
    f"{name}.md": f"reference/{name.lower()}.md" for name in ("CONTRIBUTING", "DESIGN", "CHANGELOG")
}
LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")
CONTRACTS = {
    "Entry": "catalogue/entry.py",
    "Metric": "metrics/__init__.py",
    "Counter": "counters/__init__.py",
    "Format": "formats/__init__.py",
    "Document": "views/document.py",
    "Backend": "backends/__init__.py",
    "Network": "networks/__init__.py",
}
RETURNED = (  # objects that the functions return
    "attnprof.planning.Plan",
    "attnprof.running.Run",
    "attnprof.results.Results",
    "attnprof.counting.Account",
    "attnprof.profiling.Profile",
)
POINTS = ((64, 56, 56), (256, 56, 56), (256, 14, 14))  # sizes of the table of costs


def write(folder: Path) -> None:
    """Write all generated pages into ``folder``. A page that is the same already keeps its date."""
    pages = {"commands.md": commands(), "api.md": api(), "modules/index.md": catalogue()}
    pages |= {f"modules/{name}.md": module(entry(name)) for name in MODULES.names()}
    pages |= {Path(page).name: root_page(name) for name, page in ROOT_PAGES.items()}
    for name, text in pages.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def commands() -> str:
    """Every command with its options, by sphinx-click: a page of the site, and the manual page."""
    parts = [
        "# Commands",
        _only("html", "Generated from the commands. [Command line](../cli.md) says how they work together."),
    ]
    for name in COMMANDS.names():
        directive = (
            f".. click:: {COMMANDS.module_name(name)}:COMMAND\n   :prog: attnprof {name}\n   :nested: none"
        )
        parts.append(_rst(directive))
    return _page([*parts, _only("man", exit_codes())])


def exit_codes() -> str:
    """The table of exit codes of the page on the command line, as a list."""
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", text, re.MULTILINE)
    return "\n".join(["## Exit status", *(f"- {code}: {meaning}" for code, meaning in rows)])


def api() -> str:
    """What `attnprof` exports, the settings of a spec, and the contracts of entries."""
    parts = ["# Python", "`import attnprof` loads each name on first use.", "## Functions"]
    functions = [name for name in attnprof.__all__ if name != "Spec"]
    parts += [_rst(f".. autofunction:: attnprof.{name}") for name in functions]
    parts += [
        "## Spec",
        _rst(".. autoclass:: attnprof.Spec\n   :members: grid, effective, to_toml"),
        _settings(),
    ]
    parts.append("## Returned objects")
    parts += [_rst(f".. autoclass:: {name}\n   :members:") for name in RETURNED]
    parts += [
        "## Contracts",
        "What an entry of each folder is; [adding](../adding.md) says how one is added.",
    ]
    for name, file in CONTRACTS.items():
        parts += [f"### {name}", f"```{{literalinclude}} ../../attnprof/{file}\n:pyobject: {name}\n```"]
    return _page(parts)


def root_page(name: str) -> str:
    """A page of the repository's root. Its links lead to pages of the site, or become plain text."""

    def moved(match: re.Match[str]) -> str:
        text, target = match[1], match[2]
        if target.startswith("docs/"):
            return f"[{text}](../{target.removeprefix('docs/')})"
        if target in ROOT_PAGES:
            return f"[{text}]({Path(ROOT_PAGES[target]).name})"
        return match[0] if target.startswith(("#", "https://")) else text

    return LINK.sub(moved, (ROOT / name).read_text(encoding="utf-8"))


def on_the_site(text: str) -> str:
    """A page of docs/ whose links to the repository's root lead to the pages made of it."""
    for name, page in ROOT_PAGES.items():
        text = text.replace(f"](../{name}", f"]({page}")
    return text


def catalogue() -> str:
    """The modules by family, and the list of their pages."""
    names = MODULES.names()
    rows = [[f"[{name}]({name}.md)", _text(entry(name).name), entry(name).family] for name in names]
    tree = "\n".join(["```{toctree}", ":hidden:", "", *names, "```"])
    return _page(["# Catalogue", _table(["module", "name", "family"], rows), tree])


def module(subject: Entry) -> str:
    """The page of one module, from its ENTRY and the docstring of its file."""
    summary, _, rest = subject.doc.partition("\n\n")
    parts = [f"# {subject.key}: {_text(subject.name)}", _text(summary)]
    if rest:
        parts.append(_code(rest, "text"))
    parts.append(f"Family {subject.family}; goes {PLACES[subject.place]}.")
    if subject.code:
        parts.append(f"Official code: <https://github.com/{subject.code}>")
    arguments = [[f"`{name}`", f"`{value!r}`"] for name, value in subject.hyperparameters.items()]
    parts += ["## Arguments", _table(["argument", "default"], [["`channels`", "required"], *arguments])]
    forms = [*subject.where.items(), ("params", subject.params_formula), ("MACs", subject.macs_formula)]
    parts += [
        "## Closed forms",
        "For one image; N = H*W.",
        _code("\n".join(f"{n} = {f}" for n, f in forms), "text"),
    ]
    parts += ["## Costs", _table(["size", "variant", "params", "MACs"], list(_costs(subject)))]
    parts += _listed("Limits", subject.rules())
    parts += _listed("How copies and the paper differ", subject.deviations)
    parts += ["## Works with", *_works(subject)]
    parts += ["## Use", _code(f'import attnprof\n\ngate = attnprof.create("{subject.key}", 64)', "python")]
    if subject.paper:
        parts += ["## Cite", _code(bibtex(subject.paper), "bibtex")]
    return _page(parts)


def _costs(subject: Entry) -> Iterator[list[str]]:
    """Params and MACs of every variant at the sizes it takes."""
    for channels, height, width in POINTS:
        for label, settings in {subject.key: {}, **_variants(subject)}.items():
            if subject.fits(channels, height, width, settings):
                params = subject.params(channels, height, width, settings)
                macs = subject.macs(channels, height, width, settings)
                yield [f"{channels}@{height}x{width}", f"`{label}`", f"{params:,}", f"{macs:,}"]


def _variants(subject: Entry) -> dict[str, dict[str, object]]:
    return {f"{subject.key}({name})": dict(settings) for name, settings in subject.variants.items()}


def _works(subject: Entry) -> list[str]:
    answers = {"torch.compile": subject.compiles, "torch.export and ONNX": subject.exports}
    return [
        f"- {tool}: {'yes' if answer is True else _text(str(answer))}" for tool, answer in answers.items()
    ]


def _settings() -> str:
    rows = [
        [f"`{name}`", SECTIONS[name], f"`{field.default!r}`", _text(field.description or "")]
        for name, field in Spec.model_fields.items()
    ]
    return _table(["setting", "section", "default", "holds"], rows)


def _listed(title: str, sentences: Iterator[str] | Sequence[str]) -> list[str]:
    lines = [f"- {_text(sentence)}" for sentence in sentences]
    return [f"## {title}", "\n".join(lines)] if lines else []


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _only(builder: str, text: str) -> str:
    return f"````{{only}} {builder}\n{text}\n````"


def _rst(directive: str) -> str:
    return f"```{{eval-rst}}\n{directive}\n```"


def _code(text: str, language: str) -> str:
    return f"```{language}\n{text}\n```"


def _text(text: str) -> str:
    """Plain text as Markdown: the characters that mark something up are escaped."""
    for sign in "\\`*_[]<>|$":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())


def _page(parts: Sequence[str]) -> str:
    return "\n\n".join(parts) + "\n"
