"""The modules and networks of a user's own that a request names: what a run of it would import."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from attnprof.catalogue.selection import location_in
from attnprof.choosing.budget import read_budget
from attnprof.errors import AttnprofError
from attnprof.spec.fields import listed, sweeps_of


def locations(values: Mapping[str, Any]) -> list[str]:
    """The locations in the fields ``values`` of a Spec, written as text or as it has them: 'my.py:Gate'.

    A field that no Spec can have names none.
    """
    of_modules = filter(None, map(location_in, _patterns(values)))
    of_networks = filter(None, map(location_in, map(str, listed(values.get("networks", ())))))
    return list(dict.fromkeys([*of_modules, *of_networks]))


def _patterns(values: Mapping[str, Any]) -> Iterator[str]:
    """The texts that stand for modules."""
    yield from map(str, listed(values.get("modules", ())))
    yield str(values.get("baseline", ""))
    with suppress(ValueError, AttnprofError):
        yield from map(str, sweeps_of(values.get("set", {})))
    with suppress(ValueError, TypeError, AttnprofError):
        yield from (limit.reference for limit in read_budget(values.get("budget", ())) if limit.reference)
