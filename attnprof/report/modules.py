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


def _described(known: Entry) -> dict[str, Any]:
    summary, *rest = known.doc.split("\n\n")
    paper = known.paper
    found: dict[str, Any] = {
        "name": known.name,
        "family": known.family,
        "place": PLACES[known.place],
        "summary": " ".join(summary.split()),
        "text": [_block(text) for text in rest],
        "arguments": {name: show_value(value) for name, value in known.hyperparameters.items()},
        "sized": known.needs_size(),
        "params": known.params_formula,
        "macs": known.macs_formula,
        "where": dict(known.where),
        "limits": list(known.rules()),
        "variants": {
            name: ", ".join(f"{key}={show_value(value)}" for key, value in given.items())
            for name, given in known.variants.items()
        },
        "deviations": list(known.deviations),
    }
    if paper:
        url = paper.url or (f"https://arxiv.org/abs/{paper.arxiv}" if paper.arxiv else "")
        found |= {"year": paper.year, "url": url, "bibtex": bibtex(paper)}
    return found


def _block(text: str) -> dict[str, str]:
    """A paragraph of a module's docstring: indented lines are a formula, others are prose."""
    lines = text.splitlines()
    if all(line[:1] == " " for line in lines):
        inset = min(len(line) - len(line.lstrip()) for line in lines)
        return {"formula": "\n".join(line[inset:] for line in lines)}
    return {"prose": "\n".join(line.strip() for line in lines)}
