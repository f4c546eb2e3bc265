"""attnprof pick: the answer, why others are not in it, what would have to give; for people and for
programs."""

import csv
import io
import json
import re

import pytest

from attnprof.planning import plan
from attnprof.records.environment import software
from attnprof.records.journal import Journal
from attnprof.records.record import Measurement, account_event, done_event, visit_event
from attnprof.spec import Spec
from attnprof.units import THIN

# module -> (params, MACs, ms, half of the interval as a share) at 64@56; at 256@56 four times each.
FIGURES = {
    "none": (0, 0, 0.001, 0.01),
    "se": (512, 512, 0.100, 0.05),
    "eca": (3, 192, 0.098, 0.05),
    "cbam": (680, 308_352, 0.400, 0.01),
    "acmix": (17_822, 60_311_552, 9.0, 0.5),
}
ENVIRONMENT = {
    **software(),
    "run_id": "0123456789ab",
    "started": "2026-11-20T12:00:00+00:00",
    "device": "cpu",
    "device_name": "a CPU",
    "threads": 1,
}


def folder_of(path, spec, times=1.0, **environment):
    planned = plan(spec, "cpu")
    with Journal.create(path) as journal:
        journal.begin(spec.to_toml(), {**ENVIRONMENT, **environment})
        for cell in planned.cells:
            case = cell.case
            params, macs, ms, share = FIGURES[case.module]
            more = case.channels // 64 * times
            seconds = ms * more / 1e3
            counted = [
                Measurement("params", params, "count"),
                Measurement("macs", macs * case.channels // 64, "count"),
            ]
            ends = ((1 - share) * seconds, (1 + share) * seconds)
            measured = [
                Measurement("latency", seconds, "s", ends, "samples", 40),
                Measurement("throughput", 1 / seconds, "1/s"),
                Measurement("peak_memory", 1000 * case.channels, "bytes"),
            ]
            journal.append(account_event(case, counted))
            journal.append(visit_event(case, 0, measured))
            journal.append(done_event(case, "ok"))
    return path


@pytest.fixture(scope="module")
def priced(tmp_path_factory):
    spec = Spec(modules=tuple(FIGURES), channels="64,256", res="56", device="cpu")
    return folder_of(tmp_path_factory.mktemp("priced") / "run", spec)


def table(out):
    """The rows under the heading that begins with rank or module, cell by cell."""
    lines = out.replace(THIN, "").splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(("rank  ", "module  ")))
    rows = []
    for line in lines[start + 1 :]:
        if not line:
            break
        rows.append(re.split(r"  +", line))
    return rows


def test_what_keeps_the_budget_is_ranked_and_the_rest_is_rejected_with_its_reason(cli, priced):
    said = cli("pick", priced, "--max-params", "10k", "--max-latency", "0.5ms")
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0] == "budget: params <= 10 k and latency <= 500 µs at every measured point (64@56, 256@56)"
    assert [row[:2] for row in table(said.out)] == [["1=", "eca"], ["1=", "se"]]
    rejected = said.out[said.out.index("rejected:") :]
    assert "cbam (latency 1.62 ms at 256@56)" in rejected
    assert "acmix (" in rejected


def test_a_figure_is_that_of_the_worst_point_and_the_headroom_is_what_is_left(cli, priced):
    rows = table(cli("pick", priced, "--max-params", "10k", "--max-latency", "0.5ms").out)
    assert rows[1][2:7] == ["512", "2048", "400 µs ± 5.0 %", "250 KiB", "latency 16 %, params 95 %"]


@pytest.fixture(scope="module")
def batches(tmp_path_factory):
    spec = Spec(modules=tuple(FIGURES), points="64@56", batch="1,8", device="cpu")
    return folder_of(tmp_path_factory.mktemp("batches") / "run", spec)


def test_of_several_batches_one_is_chosen_at(cli, batches):
    said = cli("pick", batches, "--max-latency", "1ms")
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        "error: this run has batches 1, 8: choose at one, --batch 1, or at every one, --batch all\n"
    )
    at_one = cli("pick", batches, "--max-latency", "1ms", "--batch", "8").out
    assert "at the measured point (64@56)" in at_one
    assert "56x56, batch 8, fp32" in at_one


def test_a_choice_over_every_batch_names_them(cli, batches):
    said = cli("pick", batches, "--max-latency", "1ms", "--batch", "all")
    assert "at every measured point (64@56 batch 1, 64@56 batch 8)" in said.out
    one_by_one = cli("pick", batches, "--max-latency", "1ms", "--batch", "1,8")
    assert one_by_one.out == said.out


@pytest.mark.parametrize("batch", ["2", "x", "08", "1,2"])
def test_a_batch_that_was_not_measured_is_a_mistake(cli, batches, batch):
    said = cli("pick", batches, "--batch", batch)
    assert said.code == 2
    assert said.err == f"error: --batch: {batch[-2:].strip(',')} was not measured. There are: 1, 8\n"


@pytest.fixture(scope="module")
def runtimes(tmp_path_factory):
    spec = Spec(modules=tuple(FIGURES), points="64@56", runtime="eager,compiled", device="cpu")
    return folder_of(tmp_path_factory.mktemp("runtimes") / "run", spec)


def test_of_several_runtimes_one_is_chosen_in(cli, runtimes):
    said = cli("pick", runtimes, "--max-latency", "1ms")
    assert said.code == 2
    assert said.err.startswith(
        "error: this run has runtimes compiled, eager: choose at one, --runtime compiled"
    )
    assert "compiled" in cli("pick", runtimes, "--max-latency", "1ms", "--runtime", "compiled").out
    missing = cli("pick", runtimes, "--runtime", "openvino")
    assert missing.err == "error: --runtime: openvino was not measured. There are: compiled, eager\n"


def test_a_point_may_be_named_with_its_batch(cli, batches):
    by_point = cli("pick", batches, "--max-latency", "1ms", "--at", "64@56 batch 8")
    assert (by_point.code, by_point.err) == (0, "")
    assert by_point.out == cli("pick", batches, "--max-latency", "1ms", "--batch", "8").out


def test_a_run_of_one_batch_is_chosen_from_at_that(cli, priced):
    assert cli("pick", priced, "--batch", "1").out == cli("pick", priced).out


def test_at_narrows_the_points(cli, priced):
    said = cli("pick", priced, "--max-latency", "0.5ms", "--at", "64@56")
    assert "at the measured point (64@56)" in said.out
    assert {row[1] for row in table(said.out)} == {"eca", "se", "cbam"}


def test_nothing_fits_says_what_is_closest_and_what_would_have_to_give(cli, priced):
    said = cli("pick", priced, "--max-params", "10", "--max-latency", "1us")
    assert said.code == 1
    assert said.out.splitlines()[:4] == [
        "budget: params <= 10 and latency <= 1 µs at every measured point (64@56, 256@56)",
        "",
        "nothing fits. closest: eca (params 3 fits; latency 412 µs at 256@56 is 412x the limit)",
        "raise --max-latency to 420us to admit eca",
    ]


def test_what_would_fit_does_fit(cli, priced):
    said = cli("pick", priced, "--max-params", "10", "--max-latency", "420us")
    assert said.code == 0
    assert [row[1] for row in table(said.out)] == ["eca"]


def test_published_figures_stand_beside_with_their_sources_and_a_gain_only_for_one_recipe(cli, priced):
    said = cli("pick", priced, "--max-latency", "0.5ms")
    assert "published: top-1 of ResNet-50, ImageNet-1k; not measured here" in said.out
    eca, se = table(said.out)
    assert se[-2:] == ["76.71 to 80.10 [2]", "-1.02 to +0.80"]
    assert eca[-1] == "77.12 to 77.48 [1]"
    unwrapped = said.out.replace("\n    ", " ")
    notes = dict(re.findall(r"^\[(\d)\] (.*)$", unwrapped, re.MULTILINE))
    assert "+0.80 PytorchInsight" in notes["2"]
    assert "no gain shown: " in notes["1"]


def test_another_network_has_other_figures(cli, priced):
    said = cli("pick", priced, "--max-latency", "0.5ms", "--network", "MobileNetV2", "--dataset", "imagenet")
    assert "published: top-1 of MobileNetV2, ImageNet-1k" in said.out
    assert [row[-2:] for row in table(said.out)] == [
        ["72.56 [1]", "+0.92"],
        ["72.42 to 73.5 [2]", "+0.78 to +1.2"],
    ]


def test_a_budget_may_ask_for_what_was_published(cli, priced):
    said = cli("pick", priced, "--budget", "top1>=77")
    assert [row[1] for row in table(said.out)] == ["eca", "cbam"]
    assert "rejected: se (top-1 76.71)" in said.out
    assert "top-1: nothing is published of it here: acmix" in said.out


def test_a_front_has_no_ranks_and_says_who_dominates(cli, priced):
    said = cli("pick", priced, "--pareto", "latency,params,macs")
    assert [row[0] for row in table(said.out)] == ["eca"]
    assert "dominated by eca: se, cbam, acmix" in said.out


def test_a_variant_is_not_given_the_figures_of_the_default(cli, tmp_path):
    spec = Spec(modules="se,se(reduction=8)", channels="64", res="56", device="cpu")
    rows = table(cli("pick", folder_of(tmp_path / "run", spec)).out)
    assert [(row[1], "76.71" in " ".join(row)) for row in rows] == [("se", True), ("se(r8)", False)]


def test_the_identity_is_no_answer(cli, priced):
    assert "none" not in [row[1] for row in table(cli("pick", priced).out)]


def test_a_csv_alone_can_be_chosen_from(cli, priced, tmp_path, monkeypatch):
    file = tmp_path / "results.csv"
    file.write_text(cli("table", priced, "--format", "csv").out)
    from_folder = cli("pick", priced, "--max-latency", "0.5ms", "--format", "csv")
    assert cli("pick", file, "--max-latency", "0.5ms", "--format", "csv").out == from_folder.out


def test_json_holds_the_answer_the_rest_and_the_reasons(cli, priced):
    said = cli("pick", priced, "--max-latency", "0.5ms", "--format", "json")
    whole = json.loads(said.out)
    assert (said.code, said.err) == (0, "")
    assert whole["budget"] == ["latency<=500us"]
    assert [(each["name"], each["rank"], each["shared"]) for each in whole["chosen"]] == [
        ("eca", 1, True), ("se", 1, True)
    ]  # fmt: skip
    assert whole["chosen"][1]["figures"]["latency_s"]["at"] == "256@56"
    assert {each["name"]: each["reason"] for each in whole["rejected"]}["cbam"] == "latency 1.62 ms at 256@56"
    assert all(figure["source"] for figure in whole["chosen"][0]["published"])
    assert whole["published"]["measured_here"] is False


def test_json_of_no_answer_says_what_is_closest(cli, priced):
    said = cli("pick", priced, "--max-latency", "1us", "--format", "json")
    whole = json.loads(said.out)
    assert (said.code, whole["chosen"], whole["closest"]) == (1, [], "eca")
    assert whole["would_fit"] == [{"module": "eca", "changes": {"latency<=1us": "latency<=420us"}}]


def test_csv_has_a_row_for_everyone_in_base_units(cli, priced):
    said = cli("pick", priced, "--max-latency", "0.5ms", "--format", "csv")
    rows = {row["module"]: row for row in csv.DictReader(io.StringIO(said.out))}
    assert set(rows) == set(FIGURES) - {"none"}
    assert (rows["se"]["fits"], rows["cbam"]["fits"]) == ("true", "false")
    assert float(rows["cbam"]["latency_s"]) == pytest.approx(1.6e-3)
    assert float(rows["cbam"]["latency_ci_high_s"]) == pytest.approx(1.616e-3)
    assert rows["cbam"]["reason"] == "latency 1.62 ms at 256@56"


def test_markdown_is_a_table_with_its_conditions(cli, priced):
    said = cli("pick", priced, "--max-latency", "0.5ms", "--format", "md")
    assert said.out.startswith("| rank | module | params |")
    assert "budget: latency &lt;= 500 µs at every measured point" in said.out


def test_every_rejected_module_can_be_named(cli, priced):
    said = cli("pick", priced, "--max-params", "1", "--rejected")
    assert [line.split(":")[0] for line in said.out.partition("rejected:\n")[2].splitlines()] == [
        "  eca", "  se", "  cbam", "  acmix"
    ]  # fmt: skip


def test_of_several_machines_a_budget_must_hold_on_all_and_one_can_be_named(cli, priced, tmp_path):
    spec = Spec(modules=tuple(FIGURES), channels="64,256", res="56", device="cpu")
    folder_of(tmp_path / "slow", spec, times=2.0, run_id="slow", device_name="another CPU")
    cli("merge", priced, tmp_path / "slow", "-o", "both")
    said = cli("pick", "both", "--max-latency", "0.5ms")
    assert said.code == 1
    assert "closest: eca (latency 823 µs at 256@56 on another CPU is 65 % over)" in said.out.replace(
        "\n", " "
    )
    one = cli("pick", "both", "--max-latency", "0.5ms", "--device", "a cpu")
    assert [row[1] for row in table(one.out)] == ["eca", "se"]
    assert "cpu (a CPU, 1 thread), 2026" in one.out


# Where a budget comes from


def test_the_spec_file_here_has_a_budget_and_an_option_outranks_it(cli, priced, tmp_path):
    (tmp_path / "attnprof.toml").write_text('[budget]\nparams = "<=10"\n')
    said = cli("pick", priced)
    assert said.out.startswith("budget (attnprof.toml): params <= 10 at ")
    assert cli("pick", priced, "--max-params", "1k").out.startswith("budget: params <= 1 k at ")
    assert cli("pick", priced, "--budget", "none").out.startswith("no budget, at ")


def test_a_run_keeps_the_budget_it_was_asked_with(cli, tmp_path):
    spec = Spec(modules="se,eca", channels="64", res="56", device="cpu", budget="params<=10")
    said = cli("pick", folder_of(tmp_path / "run", spec))
    assert said.out.startswith("budget (the run's spec.toml): params <= 10 at ")


def test_the_environment_has_a_budget_too(cli, priced, monkeypatch):
    monkeypatch.setenv("ATTNPROF_BUDGET", "params<=10")
    assert cli("pick", priced).out.startswith("budget: params <= 10 at ")


# Mistakes


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--max-params", "10m"], "--max-params: '10m' is ambiguous (milli or mega?); write 10M"),
        (["--max-latency", "3"], "--max-latency: '3' needs a unit of time: ns, us, µs, ms, s, min, h"),
        (["--budget", "paramz<=3"], "--budget: 'paramz': no such metric. Did you mean 'params'?"),
        (["--max-latency", "2x:ca"], "no 'ca' in this run. Did you mean 'eca' or 'cbam'?"),
        (
            ["--rank", "latncy"],
            "--rank: 'latncy': no such metric. Did you mean 'latency' or 'train_latency'?",
        ),
        (["--rank", "latency,params"], "--rank: name one metric, not 'latency,params'"),
        (["--pareto", "latency"], "--pareto: name two metrics or more, not 'latency'"),
        (["--at", "64@28"], "--at: 64@28 was not measured. There are: 64@56, 256@56"),
        (["--at", "64"], "--at: '64' is not a point; write 64@56 or 256@28x40"),
        (["--device", "h200"], "--device: no 'h200' in this run. There are: cpu a CPU"),
        (
            ["--network", "resnet51"],
            "--network: nothing is published here for 'resnet51'. Did you mean 'resnet50'",
        ),
    ],
)
def test_a_mistake_is_one_line(cli, priced, arguments, says):
    said = cli("pick", priced, *arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"error: {says}")
    assert said.err.count("\n") == 1


def test_all_mistakes_of_a_budget_are_reported_at_once(cli, priced):
    said = cli("pick", priced, "--max-params", "10m", "--max-latency", "3", "--min-top1", "200")
    assert said.code == 2
    assert [line.split(":")[0] for line in said.err.splitlines()[:3]] == [
        "--max-params",
        "--max-latency",
        "--min-top1",
    ]


def test_nothing_is_clipped_on_a_narrow_terminal(priced, terminal, tmp_path):
    said = terminal("pick", priced, "--max-latency", "0.5ms", "--max-params", "10k", cwd=tmp_path, columns=80)
    assert said.code == 0
    assert max(map(len, said.text.splitlines())) <= 80
    assert "76.71 to 80.10" in said.text
    assert "columns hidden (narrow terminal): " in said.err


@pytest.fixture
def rough(tmp_path):
    """A run whose latencies have no interval."""
    spec = Spec(modules=("se", "eca", "cbam"), channels="64", res="56", device="cpu")
    path = folder_of(tmp_path / "reports" / "rough", spec)
    text = (path / "records.jsonl").read_text()
    (path / "records.jsonl").write_text(re.sub(r'"interval":\[[^]]*\],"interval_kind":"samples",', "", text))
    return path


def test_rough_figures_are_judged_provisionally_and_a_command_decides(cli, rough):
    said = cli("pick", "--max-latency", "0.35ms")
    assert said.code == 0
    assert [row[1] for row in table(said.out)] == ["eca", "se"]
    assert "~98.0 µs" in said.out
    assert "provisional" in said.out
    assert "cbam (latency ~400 µs)" in said.out
    assert "A better figure may admit cbam." in said.out.replace("\n  ", " ")
    decides = said.out.replace("\n  ", " ").partition("to decide: ")[2].strip()
    assert decides == "attnprof run -m cbam,eca,se --channels 64 --res 56 --quality paper"
    assert cli(*decides.split()[1:], "--dry-run").code == 0


def test_the_newest_run_is_named_where_none_was(cli, rough):
    assert ", in reports/rough, the newest run" in cli("pick", "--max-latency", "1ms").out.splitlines()[0]
    assert "newest" not in cli("pick", rough, "--max-latency", "1ms").out


def test_a_latency_that_was_not_measured_is_answered_with_the_command_that_measures_it(cli):
    cli("count", "-m", "se,eca", "--points", "64@56,32@28x40", "--counters", "none")
    said = cli("pick", "--max-latency", "1ms")
    assert said.code == 1
    decides = said.out.replace("\n  ", " ").partition("to decide: ")[2].strip()
    assert decides.startswith("attnprof run -m ")
    assert decides.endswith(" --points 64@56,32@28x40 --quality paper")


def test_what_is_rough_has_no_interval_for_programs(cli, rough):
    whole = json.loads(cli("pick", "--max-latency", "1ms", "--format", "json").out)
    assert {entry["figures"]["latency_s"]["rough"] for entry in whole["chosen"]} == {True}
    assert {entry["figures"]["latency_s"]["low"] for entry in whole["chosen"]} == {None}
