"""The schemas in docs/ are those of the types, and what attnprof writes keeps them."""

import importlib.util
import json

import jsonschema
import pytest

from attnprof.choosing.budget import read_budget
from attnprof.choosing.candidates import candidates
from attnprof.choosing.choice import choose
from attnprof.choosing.measures import measures
from attnprof.formats import FORMATS, Look
from attnprof.results import of_folder
from attnprof.views.choice_data import data
from attnprof.views.run import document
from tests.pages import DOCS, ROOT

RUNS = sorted(path.parent for path in (ROOT / "reports").glob("*/records.jsonl"))
LINES = 300  # of a journal: each kind of event is among them


def schemas():
    spec = importlib.util.spec_from_file_location("docs_schemas", DOCS / "_schemas.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCHEMAS = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (DOCS / "schemas").glob("*.json")
}


def test_the_schemas_are_those_of_the_types():
    expected = {
        name: {"$schema": schemas().DIALECT, **schema} for name, schema in schemas().schemas().items()
    }
    assert expected == SCHEMAS, "make docs-blocks"


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_is_a_schema_and_accepts_not_just_anything(name):
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"schema": "one", "event": "visit"}, SCHEMAS[name])


@pytest.mark.parametrize("folder", RUNS, ids=lambda folder: folder.name)
def test_every_kept_run_keeps_them(folder):
    event = jsonschema.Draft202012Validator(SCHEMAS["event"])
    lines = (folder / "records.jsonl").read_text(encoding="utf-8").splitlines()
    for line in [*lines[: LINES // 2], *lines[-LINES // 2 :]]:
        event.validate(json.loads(line))
    environment = json.loads((folder / "environment.json").read_text(encoding="utf-8"))
    jsonschema.validate(environment, SCHEMAS["environment"])


@pytest.mark.parametrize(
    "folder", [run for run in RUNS if "quick" in run.name], ids=lambda folder: folder.name
)
def test_tables_and_choices_keep_them(folder):
    results = of_folder(folder)
    table = FORMATS.get("json").write(document(results), Look()).text
    jsonschema.validate(json.loads(table), SCHEMAS["results"])
    points, entrants = candidates(results.rows(), results.notes)
    order = [measures()["latency"], measures()["params"]]
    for budget, pareto in (("params<=1k", False), ("params<=1", False), ("", True)):
        choice = choose(entrants, points, read_budget(budget) if budget else (), order, pareto)
        report = data(choice, results.environment, "resnet50", "imagenet1k")
        jsonschema.validate(json.loads(json.dumps(report)), SCHEMAS["choice"])
