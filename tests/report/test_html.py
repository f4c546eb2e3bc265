"""The page as text: one small file that holds every digit, lets nothing in and asks for nothing."""

import gzip
import json
import re
from base64 import b64decode, b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest

from attnprof.catalogue import MODULES
from attnprof.formats import FORMATS, Look
from attnprof.planning import plan
from attnprof.report import page
from attnprof.report.data import contents
from attnprof.report.html import SCRIPTS, STYLES
from attnprof.results import of_csv, of_folder, tabulate
from attnprof.spec import Spec
from attnprof.views.run import document
from tests.report.conftest import ENVIRONMENT
from tests.report.test_columns import decode

NETWORKS = Path(__file__).parents[2] / "reports" / "20261130-networks-cpu"
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(1)>&\"'`${x}"


class Outline(HTMLParser):
    """The tags of a page with their attributes, and the text in each script and style."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append((self.tags[-1][0] if self.tags else "", data))


def held(text):
    """What a page holds, unpacked."""
    packed = re.search(r'id="data">([^<]*)<', text)[1]
    return json.loads(gzip.decompress(b64decode(packed)))


@pytest.fixture(scope="module")
def text(catalogue):
    return page(catalogue, "reports/a-run")


def test_the_whole_catalogue_at_six_points_is_less_than_300_kb(catalogue, text):
    assert len(catalogue.rows()) == 6 * len(MODULES.names())
    assert len(text.encode()) < 300_000


def test_the_page_holds_every_column_of_the_results_with_every_digit(catalogue, text):
    found = decode(held(text)["table"])
    for name in catalogue.frame.columns:
        assert found[name] == catalogue.frame[name].tolist(), name


def test_the_page_holds_why_a_value_is_missing(catalogue, text):
    notes = {
        (row, column): note
        for column, said in held(text)["notes"].items()
        for note, rows in said.items()
        for row in rows
    }
    assert notes == catalogue.notes


def test_the_same_results_give_the_same_page(catalogue, text):
    assert page(catalogue, "reports/a-run") == text


def test_every_module_of_the_run_is_there_with_formula_and_citation(text):
    modules = held(text)["modules"]
    assert sorted(modules) == MODULES.names()
    assert modules["se"]["params"] == "2*C*hidden + (hidden + C if bias else 0)"
    assert modules["se"]["text"][0]["formula"].startswith("s = mean over H, W of x")
    assert modules["se"]["limits"] == ["channels must be at least the reduction = 16"]
    assert modules["se"]["bibtex"].startswith("@inproceedings{hu2018squeeze,")
    assert modules["se"]["url"] == "https://arxiv.org/abs/1709.01507"
    assert all(module["text"] or key == "none" for key, module in modules.items())


def test_the_metrics_are_those_that_have_a_figure(catalogue):
    named = {metric["column"]: metric for metric in contents(catalogue, "x")["metrics"]}
    assert {"params", "macs", "latency_s", "peak_memory_bytes", "throughput_per_s"} <= set(named)
    assert not {"fvcore_macs", "output_shape"} & set(named)
    assert (named["latency_s"]["low"], named["latency_s"]["high"]) == (
        "latency_ci_low_s",
        "latency_ci_high_s",
    )
    assert (named["params"]["low"], named["params"]["better"]) == ("", "less")
    assert named["throughput_per_s"]["better"] == "more"


def test_the_modules_of_a_network_stand_together_whatever_their_places():
    results = of_folder(NETWORKS)
    found = held(page(results, "x"))
    assert not {"host", "place", "network_input"} & set(found["conditions"])
    titles = decode(found["table"])["title"]
    assert "plain" in titles
    assert "se" in titles


def test_the_environment_is_in_words(catalogue):
    peaks = {"bandwidths": [[131072, 6.7e10]]}
    environment = {**ENVIRONMENT, "cache_bytes": 2**25, "peaks": peaks, "placements": ["se"], "files": {}}
    environment["runs"] = {"r1": {"device": "cpu", "placements": ["se"]}}
    shown = contents(replace(catalogue, environment=environment), "x")["environment"]
    assert (shown["cache_bytes"], shown["runs"]) == ("32.0 MiB", "r1=device=cpu")
    assert not {"peaks", "placements", "files"} & shown.keys()


def test_the_policy_allows_this_script_and_this_style_and_nothing_else(text):
    outline = Outline(text)
    policy = next(a["content"] for tag, a in outline.tags if a.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert set(rules) == {"default-src", "script-src", "style-src", "img-src", "base-uri", "form-action"}
    for kind, tag in (("script-src", "script"), ("style-src", "style")):
        inside = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert len(inside) == 1
        assert rules[kind] == f"'sha256-{b64encode(sha256(inside[0].encode()).digest()).decode()}'"


def test_nothing_on_the_page_names_something_to_be_fetched(text):
    for tag, attributes in Outline(text).tags:
        assert not {"src", "srcset", "data", "action", "style"} & set(attributes), tag
        assert tag not in ("iframe", "object", "embed", "form", "base")
        assert all(not name.startswith("on") for name in attributes)
        link = attributes.get("href", "#")
        assert link.startswith(("#", "data:image/svg+xml,")), link
    code = text.replace(re.search(r'id="data">([^<]*)<', text)[1], "")
    addresses = {address for address in re.findall(r"https?://[^\s\"'`)]+", code)}
    assert addresses <= {"http://www.w3.org/2000/svg"}
    assert not re.search(
        r"@import|url\(|\bfetch\(|XMLHttpRequest|\bimport\(|innerHTML|outerHTML|insertAdjacent|\beval\(", code
    )


def test_every_asset_is_on_the_page():
    assert {each.name for each in files("attnprof.report").joinpath("assets").iterdir()} == {
        "page.html",
        *STYLES,
        *SCRIPTS,
    }


def test_assets_can_be_read_line_by_line():
    # A page leaves out comments and indentation: neither a comment nor a text may go over several lines.
    for name in (*STYLES, *SCRIPTS):
        for line in (
            files("attnprof.report").joinpath("assets", name).read_text(encoding="utf-8").splitlines()
        ):
            assert line.count("`") % 2 == 0, line
            assert line.count("/*") == line.count("*/"), line
            assert not line.lstrip().startswith("/*") or line.endswith("*/"), line


def test_what_a_user_wrote_stays_text(small):
    frame = small.frame.copy()
    for name in ("module", "variant", "reason", "host", "device_name"):
        frame[name] = EVIL
    environment = {**ENVIRONMENT, "device_name": EVIL}
    notes = {(0, "fvcore_macs"): EVIL}
    results = type(small)(frame, notes, environment, small.spec, small.planned)
    plain, evil = page(small, "x"), page(results, EVIL)
    assert [tag for tag, _ in Outline(evil).tags] == [tag for tag, _ in Outline(plain).tags]
    assert "alert(1)</script>" not in evil
    assert decode(held(evil)["table"])["module"] == [EVIL] * len(frame)
    assert held(evil)["name"] == EVIL


def test_a_run_without_a_finished_cell_has_a_page():
    nothing = tabulate([], plan(Spec(modules="se"), "cpu"), ENVIRONMENT)
    found = held(page(nothing, "x"))
    assert (found["table"]["rows"], found["metrics"], found["modules"]) == (0, [], {})
    assert found["caption"] == ["no cell was finished"]


def test_a_bare_csv_has_a_page_that_does_not_guess_its_spec(small, tmp_path):
    file = tmp_path / "results.csv"
    file.write_text(FORMATS.get("csv").write(document(small), Look()).text + "\n", encoding="utf-8")
    found = held(page(of_csv(file), "x"))
    assert found["spec"] == ""
    assert decode(found["table"])["macs"] == small.frame["macs"].tolist()
    assert held(page(small, "x"))["spec"] == small.spec.to_toml()
