"""Modules that a command calls with inputs of their own (--input)."""

from collections.abc import Sequence

from attnprof.catalogue.inputs import parse_inputs
from attnprof.catalogue.selection import name_and_settings
from attnprof.catalogue.user_contents import require_name
from attnprof.catalogue.user_location import is_path
from attnprof.catalogue.values import parse_settings
from attnprof.cli._progress import starting
from attnprof.cli._terminal import Terminal
from attnprof.errors import UsageError
from attnprof.explaining.explanation import Explanation
from attnprof.running.inquiry import Inquiry
from attnprof.running.protocol import NetworkRequest


def explanations_of(
    targets: Sequence[str], inputs: str, train: bool, real: bool, terminal: Terminal
) -> list[Explanation]:
    """The counts of each of ``targets`` ('my.py:Net', 'my.py:Net(depth=3)') called with ``inputs``."""
    parse_inputs(inputs)  # a mistake is said before a worker starts
    requests = [_request(target, inputs, train, real) for target in targets]
    with Inquiry() as inquiry, starting(terminal):
        return [inquiry.network(request) for request in requests]


def _request(target: str, inputs: str, train: bool, real: bool) -> NetworkRequest:
    location, settings = name_and_settings(target)
    if not is_path(location):
        raise UsageError(
            f"{target!r}: --input goes with a module of your own, as in my.py:Net or timm:resnet18"
        )
    require_name(location)
    try:
        values = parse_settings(settings or "")
    except UsageError as problem:
        raise UsageError(f"{target!r}: {problem}") from None
    return NetworkRequest(location, inputs, values, train, real)
