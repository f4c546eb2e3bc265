"""Which version of a runtime is installed. Apart from the registry, which --help lists without what this
imports."""

from collections.abc import Iterable
from importlib.metadata import packages_distributions

from attnprof.records.environment import installed_version
from attnprof.runtimes import Runtime


def version_of(runtime: Runtime) -> str | None:
    """The version of what computes; None where it is not installed, or has no package of its own."""
    if runtime.distribution:
        return installed_version(runtime.distribution)
    return package_version(runtime.packages[0]) if runtime.packages else None


def converter_versions(runtimes: Iterable[Runtime]) -> dict[str, str]:
    """The versions of the packages that write what the runtimes read, by their names."""
    names = sorted({name for runtime in runtimes for name in runtime.packages[1:]})
    versions = {name: package_version(name) for name in names}
    return {name: version for name, version in versions.items() if version}


def package_version(package: str) -> str | None:
    """The version of what ``import package`` imports: ONNX Runtime's package comes in several
    distributions. None where it is not installed."""
    if version := installed_version(package):
        return version
    others = packages_distributions().get(package, [])
    return next(filter(None, map(installed_version, others)), None)
