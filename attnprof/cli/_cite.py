"""``attnprof cite``: the BibTeX of modules' papers."""

from attnprof.catalogue import entry
from attnprof.catalogue.citation import bibtex
from attnprof.catalogue.selection import require_of_catalogue, select
from attnprof.cli._terminal import Terminal


def cite(name: tuple[str, ...], terminal: Terminal) -> int:
    """Print each paper of the modules ``name`` once: two modules may share one."""
    require_of_catalogue(name)
    modules = [entry(module) for module in dict.fromkeys(choice.module for choice in select(name))]
    papers = dict.fromkeys(module.paper for module in modules if module.paper)
    if papers:
        terminal.show("\n\n".join(bibtex(paper) for paper in papers))
    for module in modules:
        if not module.paper:
            terminal.note(f"{module.key} comes from no paper")
    return 0
