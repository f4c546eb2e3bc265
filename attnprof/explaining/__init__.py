"""Why a case's counts are what they are: its operators by submodule, how each grows, what other counters make of it.

``answer`` is the door: what the worker does of an order. The results are attnprof.explaining.explanation's,
as JSON.
"""

from dataclasses import asdict
from typing import Any

from attnprof.records.case import Case

ORDERS = ("explain", "compare", "forms")


def answer(case: Case, order: dict[str, Any]) -> dict[str, Any]:
    """What ``order`` asks of ``case``: {"do": "explain", "verify"}, {"do": "compare", "counter"} or {"do": "forms"}."""
    from attnprof.explaining.counters import compare
    from attnprof.explaining.forms import forms
    from attnprof.explaining.tree import explain

    asked = order["do"]
    found: Any
    if asked == "explain":
        found = explain(case, verify=order["verify"]).to_json()
    elif asked == "compare":
        found = asdict(compare(order["counter"], case))
    else:
        found = [asdict(form) for form in forms(case, around=order["around"])]
    return {"event": "explained", "key": case.key, "found": found}
