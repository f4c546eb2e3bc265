"""Runs to make pages of, counted by closed forms and measured by nobody; and a real browser to look at
them."""

import json
import shutil
from random import Random

import pytest

from attnprof.catalogue import MODULES, entry
from attnprof.planning import plan
from attnprof.records.record import Measurement, account_event, done_event, visit_event
from attnprof.report import page
from attnprof.results import tabulate
from attnprof.spec import Spec

ENVIRONMENT = {
    "run_id": "0123456789ab",
    "started": "2026-01-02T03:04:05+00:00",
    "attnprof_version": "0.1.0",
    "torch_version": "2.13.0+cpu",
    "device": "cpu",
    "device_name": "Test Processor",
    "threads": 1,
    "malloc": {"MALLOC_TOP_PAD_": "67108864"},
}
SHARES = {"mac": 0.8, "pointwise": 0.12, "norm": 0.05, "softmax": 0.03}
BYTES = ("bytes_moved", "minimal_bytes", "activation_memory")
WAIT = 10_000  # milliseconds that a busy machine may take to draw


def events_of(cell, dice, note=""):
    """What a run writes of one cell: real counts, invented times."""
    case = cell.case
    if cell.refusal:
        return [done_event(case, "skipped", cell.refusal)]
    at = case.channels, case.height, case.width
    known, given = entry(case.module), dict(case.hyperparameters)
    params, macs = known.params(*at, given), case.batch * known.macs(*at, given)
    numel = case.batch * case.channels * case.height * case.width
    counts = {
        "params": params,
        "trainable_params": params,
        "buffers": 0,
        "macs": macs,
        "thop_macs": macs // 2,
    }
    counts |= {name: 4 * numel + 2 * macs + n for n, name in enumerate(("flops", *BYTES))}
    counted = [
        Measurement(name, value, "bytes" if name in BYTES else "count") for name, value in counts.items()
    ]
    kinds = {kind: round(2 * macs * share) for kind, share in SHARES.items() if macs}
    counted.append(Measurement("flops_by_category", json.dumps(kinds), ""))
    counted.append(Measurement("fvcore_macs", None, "count", note=note or "not asked for"))
    seconds = 2e-5 + (3e-10 * numel + 2e-11 * macs) * (0.5 + dice.random())
    half = seconds * (0.005 + 0.03 * dice.random())
    measured = [
        Measurement("latency", seconds, "s", (seconds - half, seconds + half), "samples", 40),
        Measurement("latency_p90", seconds + half, "s", n=40),
        Measurement("throughput", case.batch / seconds, "1/s", n=40),
        Measurement("peak_memory", 8 * numel + dice.randrange(99), "bytes", n=1),
        Measurement("first_call", 10 * seconds, "s", n=1, note="a single call"),
    ]
    flags = ["contended"] if dice.random() < 0.1 else []
    return [account_event(case, counted), visit_event(case, 0, measured, flags), done_event(case, "ok")]


def results_of(note="", environment=ENVIRONMENT, **asked):
    """Results of the spec ``asked``, as if it had been run."""
    planned, dice = plan(Spec(**asked), asked.get("device", "cpu")), Random(1)
    return tabulate(
        [event for cell in planned.cells for event in events_of(cell, dice, note)], planned, environment
    )


@pytest.fixture(scope="session")
def catalogue():
    """The whole catalogue at six points."""
    return results_of(channels="64,128,256", res="56,28")


@pytest.fixture(scope="session")
def part():
    """A part of the catalogue with modules of every family, at six points."""
    names = MODULES.names()
    modules = [*names[::5], *("se", "eca", "cbam", "nonlocal", "swin", "sge", "sk", "psa", "none")]
    return results_of(modules=",".join(dict.fromkeys(modules)), channels="64,128,256", res="56,28")


@pytest.fixture(scope="session")
def small():
    """A few modules, in both modes, at one size that not all of them take."""
    return results_of(modules="se,eca,cbam,none,cbam(reduction=8)", points="64@28,8@28", train=True)


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium of the system's."""
    api = pytest.importorskip("playwright.sync_api", reason="the extra 'dev' is not installed")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium on the path")
    with api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def written():
    """The page of some results under a name. Each is written once."""
    pages = {}

    def text(results, name):
        key = id(results), name
        if key not in pages:
            pages[key] = results, page(results, name)  # kept with its results, whose id nothing else gets
        return pages[key][1]

    return text


@pytest.fixture
def look(chromium, written, tmp_path):
    """Open the page of some results; ``said`` and ``asked`` are what the console and the network have heard.

    At the end that may be nothing.
    """
    from playwright.sync_api import expect

    contexts, said, asked = [], [], []
    expect.set_options(timeout=WAIT)

    def show(results, after="", name="reports/a-run", **context):
        file = tmp_path / "report.html"
        file.write_text(written(results, name), encoding="utf-8")
        asked_for = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce", **context}
        contexts.append(chromium.new_context(**asked_for))
        tab = contexts[-1].new_page()
        tab.set_default_timeout(WAIT)
        tab.on("console", lambda message: said.append(message.text))
        tab.on("pageerror", lambda problem: said.append(str(problem)))
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto(file.as_uri() + after)
        expect(tab.locator("#headline")).not_to_have_text("…")
        return tab

    show.said, show.asked = said, asked
    yield show
    for each in contexts:
        each.close()
    assert said == []
    assert {url.partition(":")[0] for url in asked} <= {"file", "data"}
