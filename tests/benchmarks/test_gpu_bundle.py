"""The bundle for a machine without a network: it has what attnprof imports, and says what this checkout is."""

import ast
import json
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.utils import canonicalize_name

from benchmarks import _bundle, gpu_bundle
from benchmarks._bundle import ROOT, THIS_PYTHON, Contents, contents_of, digest, unpack, version_in
from benchmarks.gpu_bundle import PRESENT, carried

# What figures, a GPU's state and other runtimes need, where they are: attnprof works without them.
EXTRAS = {
    "matplotlib",
    "nvidia-ml-py",
    "triton",
    "onnx",
    "onnxscript",
    "onnxruntime",
    "openvino",
    "executorch",
}


def imported(file):
    """The names of packages that a file imports."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def bundle_of(folder, sources, wheels=(), python=THIS_PYTHON):
    folder.mkdir()
    for name in wheels:
        with ZipFile(folder / name, "w") as wheel:
            wheel.writestr(f"{name.partition('-')[0]}.py", "VALUE = 1\n")
    Contents("9.9", "abcdef0123456789", sources, python, tuple(wheels)).write(folder)
    return folder


def test_all_that_the_package_imports_is_carried_or_present():
    owners = packages_distributions()
    names = {name for file in (ROOT / "attnprof").rglob("*.py") for name in imported(file)}
    foreign = {name for name in names if name in owners} - {"attnprof"}
    assert {"pydantic", "torch", "msgspec"} <= foreign
    distributions = {canonicalize_name(owners[name][0]) for name in foreign}
    assert distributions - set(carried()) - PRESENT - EXTRAS == set()


def test_what_carried_packages_require_is_carried_too():
    assert {"pydantic-core", "annotated-types", "typing-inspection", "yacs", "iopath"} <= set(carried())
    assert set(carried()) & PRESENT == set()
    assert {"sympy", "networkx", "pytest"} & set(carried()) == set()  # torch's own, and what only tests need


def test_wheels_are_unpacked_for_pythonpath_and_version_and_commit_are_known_there(tmp_path):
    bundle = bundle_of(tmp_path / "bundle", digest(), ["carried_by_a_test-1.0-py3-none-any.whl"])
    (line,) = unpack(bundle, tmp_path / "site")
    assert line == "bundle: 1 wheels, attnprof 9.9 at abcdef0123456789"
    code = (
        "import carried_by_a_test, json\n"
        "from attnprof.records.environment import _installed_commit, software\n"
        "print(json.dumps([software()['attnprof_version'], _installed_commit()]))"
    )
    command = [sys.executable, "-c", f"import sys; sys.path[:0] = [{str(tmp_path / 'site')!r}]\n{code}"]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(process.stdout) == ["9.9", "abcdef012345"]


def test_a_bundle_of_other_files_does_not_tell_their_commit(tmp_path):
    (line,) = unpack(bundle_of(tmp_path / "bundle", "another digest"), tmp_path / "site")
    assert "of other files than these" in line
    assert not list((tmp_path / "site").rglob("direct_url.json"))


def test_a_bundle_for_another_python_is_not_used(tmp_path):
    bundle = bundle_of(
        tmp_path / "bundle", digest(), ["carried_by_a_test-1.0-py3-none-any.whl"], python="2.7"
    )
    assert unpack(bundle, tmp_path / "site") == [
        f"the bundle is for Python 2.7, this is {THIS_PYTHON}: it is not used"
    ]
    assert list((tmp_path / "site").iterdir()) == []


def test_where_there_is_no_bundle_it_is_said(tmp_path):
    (line,) = unpack(tmp_path / "none", tmp_path / "site")
    assert line.startswith("no bundle in ")


def test_the_digest_is_of_names_and_contents(tmp_path):
    file = tmp_path / "a.py"
    digests = set()
    for name, text in (("a.py", "x"), ("a.py", "y"), ("b.py", "y")):
        file = file.rename(tmp_path / name) if file.exists() else tmp_path / name
        file.write_text(text, encoding="utf-8")
        digests.add(digest(tmp_path))
    assert len(digests) == 3


def test_a_wheel_that_is_not_to_be_had_is_said_and_the_others_are_gathered(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(gpu_bundle, "carried", lambda: ["one", "two"])
    monkeypatch.setattr(
        gpu_bundle, "download", lambda name, folder: "" if name == "one" else "no such version"
    )
    assert gpu_bundle.main(tmp_path / "bundle") == 1
    assert "two: no wheel for Python 3.12: no such version" in capsys.readouterr().err
    assert contents_of(tmp_path / "bundle").version == version_in()


@pytest.mark.parametrize("name", ["pure-1.0-py3-none-any.whl", "native-1.0-cp311-cp311-linux_x86_64.whl"])
def test_a_package_that_is_only_there_as_sources_is_built_if_it_is_pythons_alone(monkeypatch, tmp_path, name):
    def pip(command, *words):
        if command == "download":
            return "no matching distribution"
        Path(tmp_path / name).touch()
        return ""

    monkeypatch.setattr(gpu_bundle, "_pip", pip)
    is_pure = name.endswith("none-any.whl")
    assert gpu_bundle.download("package", tmp_path) == ("" if is_pure else "no matching distribution")
    assert (tmp_path / name).exists() == is_pure


def test_git_does_not_know_the_bundle():
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert f"/{_bundle.BUNDLE.name}/" in lines
