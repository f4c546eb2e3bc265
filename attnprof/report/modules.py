"""What the page says of a module: the catalogue's words, closed forms, limits and citation.

Nothing is imported or run.
"""

from typing import Any

from attnprof.catalogue import MODULES, entry
from attnprof.catalogue.citation import bibtex
from attnprof.catalogue.entry import PLACES, Entry
from attnprof.catalogue.values import show_value


def describe(key: str) -> dict[str, Any] | None:
    """The module ``key`` as JSON; None for one that the catalogue does not have, such as a user's own."""
    return _described(entry(key)) if key in MODULES else None


def _described(module: Entry) -> dict[str, Any]:
    summary, *rest = module.doc.split("\n\n")
    paper = module.paper
    fields: dict[str, Any] = {
        "name": module.name,
        "family": module.family,
        "place": PLACES[module.place],
        "summary": " ".join(summary.split()),
        "text": [_block(text) for text in rest],
        "arguments": {name: show_value(value) for name, value in module.hyperparameters.items()},
        "sized": module.needs_size(),
        "params": module.params_formula,
        "macs": module.macs_formula,
        "where": dict(module.where),
        "limits": list(module.rules()),
        "variants": {
            name: ", ".join(f"{key}={show_value(value)}" for key, value in settings.items())
            for name, settings in module.variants.items()
        },
        "deviations": list(module.deviations),
    }
    if paper:
        url = paper.url or (f"https://arxiv.org/abs/{paper.arxiv}" if paper.arxiv else "")
        fields |= {"year": paper.year, "url": url, "bibtex": bibtex(paper)}
    return fields


def _block(text: str) -> dict[str, str]:
    """A paragraph of a module's docstring: indented lines are a formula, others are prose."""
    lines = text.splitlines()
    if all(line[:1] == " " for line in lines):
        inset = min(len(line) - len(line.lstrip()) for line in lines)
        return {"formula": "\n".join(line[inset:] for line in lines)}
    return {"prose": "\n".join(line.strip() for line in lines)}
