"""The bundle: wheels for a machine without a network, and what this checkout is. Only the standard library is
imported, because this runs before there is anything else."""

import json
import sys
import tomllib
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

ROOT = Path(__file__).parent.parent
BUNDLE = ROOT / ".gpu-bundle"
CONTENTS = "contents.json"
PYTHON = "3.12"  # of the machine
THIS_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True)
class Contents:
    """What a bundle holds. commit: empty where there is none, or where the files are not its. sources: the
    digest of the package's files. python: the version that the wheels are for."""

    version: str
    commit: str
    sources: str
    python: str
    wheels: tuple[str, ...]

    def write(self, bundle: Path) -> None:
        """Write it into the bundle's folder."""
        text = json.dumps(asdict(self), indent=1) + "\n"
        (bundle / CONTENTS).write_text(text, encoding="utf-8")


def contents_of(bundle: Path) -> Contents | None:
    """What ``bundle`` says that it holds; None where there is no bundle."""
    file = bundle / CONTENTS
    if not file.exists():
        return None
    fields = json.loads(file.read_text(encoding="utf-8"))
    return Contents(**{**fields, "wheels": tuple(fields["wheels"])})


def digest(package: Path = ROOT / "attnprof") -> str:
    """SHA-256 over the names and contents of the package's Python files."""
    total = sha256()
    for file in sorted(package.rglob("*.py")):
        total.update(str(file.relative_to(package)).encode() + b"\0")
        total.update(file.read_bytes())
    return total.hexdigest()


def version_in(root: Path = ROOT) -> str:
    """The version that pyproject.toml gives the package."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def commit_of(contents: Contents | None) -> str:
    """The commit that these files are; empty where it is not known."""
    return contents.commit if contents and contents.sources == digest() else ""


def unpack(bundle: Path, site: Path, python: str = THIS_PYTHON) -> list[str]:
    """Unpack the wheels into ``site``, a folder for PYTHONPATH, and say there what version and commit of
    attnprof this is. Returns what the reader of a log has to know, a line each."""
    site.mkdir(parents=True, exist_ok=True)
    contents = contents_of(bundle)
    if contents is None:
        return [f"no bundle in {bundle}: only what is installed can be imported (make gpu-bundle)"]
    if contents.python != python:
        return [f"the bundle is for Python {contents.python}, this is {python}: it is not used"]
    for wheel in contents.wheels:
        with ZipFile(bundle / wheel) as archive:
            archive.extractall(site)
    _describe(site, contents, commit_of(contents))
    if contents.sources != digest():
        return ["the bundle is of other files than these: their commit is not known (make gpu-bundle)"]
    commit = contents.commit or "no commit"
    return [f"bundle: {len(contents.wheels)} wheels, attnprof {contents.version} at {commit}"]


def _describe(site: Path, contents: Contents, commit: str) -> None:
    """What pip would leave of an installation from this commit (PEP 610)."""
    info = site / f"attnprof-{contents.version}.dist-info"
    info.mkdir(exist_ok=True)
    metadata = f"Metadata-Version: 2.1\nName: attnprof\nVersion: {contents.version}\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    if commit:
        origin = {"url": "file:///", "vcs_info": {"vcs": "git", "commit_id": commit}}
        (info / "direct_url.json").write_text(json.dumps(origin), encoding="utf-8")
