"""Which version of a runtime is installed. Apart from the registry, which --help lists without what this
imports."""

from attnprof.records.environment import installed_version
from attnprof.runtimes import Runtime


def version_of(runtime: Runtime) -> str | None:
    """The version of what computes; None where it is not installed, or has no package of its own."""
    name = runtime.distribution or (runtime.packages[0] if runtime.packages else "")
    return installed_version(name) if name else None
