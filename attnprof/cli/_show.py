"""``attnprof show``: a module's page, or its code."""

from attnprof.catalogue import entry
from attnprof.catalogue.selection import matching
from attnprof.cli._terminal import Terminal
from attnprof.errors import UsageError
from attnprof.grid import Point, parse_point
from attnprof.snippets import SNIPPETS, Example, Snippet
from attnprof.snippets._source import standalone
from attnprof.views.catalogue import page
from attnprof.views.evidence import published

NARROWEST, WIDEST = 40, 100  # columns of the page


def show(
    name: str, at: str, framework: str | None, network: str, dataset: str, sources: bool, terminal: Terminal
) -> int:
    """Print the page of a module, with its counts at the size ``at``; or its code for a framework."""
    try:
        point = parse_point(at)
    except ValueError as problem:
        raise UsageError(f"--at: {problem}") from None
    if framework:
        terminal.show(_code(name, framework, point))
        return 0
    width = max(NARROWEST, min(terminal.look().width or WIDEST, WIDEST))
    figures = published(name, network, dataset, width, sources)
    terminal.show("\n\n".join(filter(None, [page(entry(name), point, width), figures])))
    return 0


def _code(name: str, framework: str, point: Point) -> str:
    snippet: Snippet = SNIPPETS.get(framework)
    choices = matching(name)
    if len(choices) != 1:
        raise UsageError(f"{name}: --as takes one module")
    module, settings = entry(choices[0].module), dict(choices[0].settings)
    refusal = module.refusal(*point, settings)
    if refusal:
        raise UsageError(f"{name} at {point[0]}@{point[1]}x{point[2]}: {refusal}. Another size: --at C@HxW")
    example = Example(module, settings, standalone(module), point)
    if example.fuses and not snippet.fuses:
        raise UsageError(
            f"{name} takes two maps, and --as {framework} shows modules of one; --as pytorch has it"
        )
    return snippet.write(example)
