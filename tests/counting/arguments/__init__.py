"""Random arguments for every operator that has a shape function, one file per file of
attnprof/counting/rules.

Each file exports ARGUMENTS: "name.overload" to a strategy of (args, kwargs), on meta tensors, given as a
dispatch mode receives them: by place, and by name only what the operator's schema takes by name alone.
"""

from importlib import import_module
from pkgutil import iter_modules

from hypothesis import strategies as st

ARGUMENTS: dict[str, st.SearchStrategy] = {
    name: strategy
    for found in iter_modules(__path__)
    if found.name != "tensors"
    for name, strategy in import_module(f"{__name__}.{found.name}").ARGUMENTS.items()
}
