"""A mistake is one line that says what, where and what to do instead; it has an exit code and no
traceback."""

import io
import json
import re

import pytest

from attnprof.catalogue import entries
from tests.every_case import every_case

OPTIONS = [
    ("run -m cbma", r"--modules: no module 'cbma'\. Did you mean 'cbam'.*\?  All \d+: attnprof list"),
    ("run -m ge-theta", r"--modules: no module 'ge-theta'\. See ge, Gather-Excite: attnprof show ge"),
    ("run -m family:chanel", r"--modules: no family 'chanel'\. There are: channel, .*"),
    (
        "run -m cbam(redction=8)",
        r"--modules: cbam has no hyperparameter 'redction'\. Did you mean 'reduction'\?",
    ),
    ("run -m cbam(reduction=half)", r"--modules: cbam\.reduction: 'half' is not a whole number"),
    (
        "run --set cbam.redction=8",
        r"--set: cbam has no hyperparameter 'redction'\. Did you mean 'reduction'\?",
    ),
    ("run --set 8", r"--set: '8' is no sweep; write cbam\.reduction=8,16"),
    ("run --res 0", r"--res: 0 is not a size; write 56 or 28x40 \(1\.\.8192\)"),
    ("run --res 56,28x", r"--res: 28x is not a size; write 56 or 28x40 \(1\.\.8192\)"),
    ("run --channels 64,9999", r"--channels: 9999 is not a number of channels \(1\.\.8192\)"),
    ("run --channels 6.4", r"--channels: 6\.4 is not a number of channels \(1\.\.8192\)"),
    ("run --points 64", r"--points: '64' is not a point; write 64@56 or 256@28x40"),
    ("run --batch 0", r"--batch: 0 is not a batch \(1\.\.65536\)"),
    ("run --batch 8,x", r"--batch: x is not a batch \(1\.\.65536\)"),
    ("count --batch 1,99999", r"--batch: 99999 is not a batch \(1\.\.65536\)"),
    ("run --batch ,", r"--batch: name at least one: 1, or 1,8,32"),
    ("run --dtype fp8", r"--dtype: 'fp8' is not one of .*'fp32'.*"),
    ("run --preset resnet", r"--preset: 'resnet' is not one of .*'resnet50'.*"),
    ("run --variants some", r"--variants: 'some' is not one of 'default' or 'all'"),
    ("run --metrics latncy", r"--metrics: no metric 'latncy'\. Did you mean 'latency'.*\?"),
    ("run --counters flops", r"--counters: no counter 'flops'\. .*fvcore.*"),
    ("run --format latx", r"--format: no format 'latx'\. .*"),
    ("run --device cude", r"--device: no device 'cude'; write auto, cpu, cuda or cuda:1"),
    (
        "run --device mps",
        r"--device: attnprof does not measure on mps, Apple's GPU; --device cpu .* attnprof count .*Device.*",
    ),
    ("run --device xpu:1", r"--device: attnprof does not measure on xpu, Intel's GPU; .*"),
    ("run --device rocm", r"--device: torch calls AMD's GPUs cuda: --device cuda"),
    ("run --timeout 10m", r"--timeout: '10m' is ambiguous \(milli or minutes\?\); write 10ms or min"),
    ("run --time-budget 75", r"--time-budget: '75' needs a unit of time: .*min.*"),
    ("run --time-budget -1s", r"--time-budget: '-1s' is not a quantity"),
    ("run --memory-limit 4", r"--memory-limit: '4' needs a unit of memory: .*GiB.*"),
    ("run --precision 1", r"--precision: '1' is not a share; write 1%"),
    ("run --threads two", r"--threads: two is not a number of threads \(1\.\.1024\)"),
    ("run --seed -1", r"--seed: -1 is not a seed.*"),
    ("run --name a/b", r"--name: 'a/b' is no name for a folder.*"),
    ("run absent.toml", r"absent\.toml: cannot read it: No such file or directory"),
    ("run --resume absent", r"absent holds no run: .*"),
    ("run --resume", r"no run under reports/ yet: attnprof run makes one"),
    ("run --chanels 64", r"no such option '--chanels'.*--channels.*"),
    ("run a.toml b.toml", r"got unexpected extra argument \(b\.toml\)"),
    ("run --channels", r"option '--channels' requires an argument\."),
    ("rum", r"no command 'rum'\. Did you mean 'run'\?"),
    ("frobnicate", r"no command 'frobnicate'\. There are: .*run.*"),
    ("show", r"missing argument 'NAME'\."),
    ("show cbma", r"no module 'cbma'\. Did you mean 'cbam'.*\?  All \d+: attnprof list"),
    ("list family:chanel", r"no family 'chanel'\. There are: channel, .*"),
    ("table", r"no run under reports/ yet: attnprof run makes one"),
    ("table absent", r"absent holds no run: .*"),
    ("table --format latx", r"no format 'latx'\. .*"),
]


@pytest.mark.parametrize(("line", "says"), OPTIONS, ids=[line for line, _ in OPTIONS])
def test_a_mistake_is_one_line_on_stderr_and_exit_code_2(cli, line, says):
    said = cli(*line.split())
    assert (said.code, said.out) == (2, "")
    assert re.fullmatch(f"error: {says}\n", said.err)


def test_a_mistake_leaves_no_folder_behind(cli, tmp_path):
    cli("run", "--res", "0")
    cli("count", "-m", "cbma", "-o", "out")
    assert cli("count", "-m", "eca(kernel_size=3/5/7)", "-o", "a/b/c").code == 2  # found while planning
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("line", ["rum", "table absent", "run --res 0 --batch 0"])
def test_no_mistake_shows_a_traceback_unless_debugging_is_asked_for(line, cli, tmp_path, command):
    plain = cli(*line.split())
    debugged = command(*line.split(), cwd=tmp_path, env={"ATTNPROF_DEBUG": "1"})
    assert plain.code == 2
    assert "Traceback" not in plain.err
    assert "Traceback" in debugged.stderr


def test_debugging_can_be_switched_off_with_zero(cli, monkeypatch):
    monkeypatch.setenv("ATTNPROF_DEBUG", "0")
    assert cli("rum").code == 2


def test_several_mistakes_are_reported_together(cli):
    said = cli("run", "-m", "cbma", "--res", "0", "--batch", "0")
    *lines, last = said.err.splitlines()
    assert said.code == 2
    assert [line.split(":")[0] for line in lines] == ["--modules", "--res", "--batch"]
    assert last == "3 problems, nothing was measured."


def test_the_mistakes_of_a_spec_file_carry_file_line_and_key(cli, tmp_path):
    (tmp_path / "attnprof.toml").write_text(
        '[grid]\nmodules = ["se"]\nchannels = [64]\nres = [56, 0]\nbach = 2\n'
    )
    said = cli("run")
    *lines, last = said.err.splitlines()
    assert (said.code, said.out) == (2, "")
    assert sorted(lines) == [
        "attnprof.toml:4: grid.res[1]: 0 is not a size; write 56 or 28x40 (1..8192)",
        "attnprof.toml:5: grid.bach: no such key. Did you mean 'batch'?",
    ]
    assert last == "2 problems, nothing was measured."
    assert [path.name for path in tmp_path.iterdir()] == ["attnprof.toml"]


def test_one_mistake_of_a_spec_file_is_one_line(cli, tmp_path):
    (tmp_path / "s.toml").write_text("[grid]\n\nres = [0]\n")
    assert (
        cli("run", "s.toml").err
        == "error: s.toml:3: grid.res[0]: 0 is not a size; write 56 or 28x40 (1..8192)\n"
    )


def test_a_mistake_of_the_file_and_one_of_the_command_line_are_reported_together(cli, tmp_path):
    (tmp_path / "attnprof.toml").write_text("[grid]\nres = [0]\n")
    lines = cli("run", "--batch", "0").err.splitlines()
    assert any(line.startswith("attnprof.toml:2: grid.res[0]: ") for line in lines)
    assert any(line.startswith("--batch: ") for line in lines)


def test_an_unknown_key_of_the_file_and_a_mistake_of_the_command_line_are_reported_together(cli, tmp_path):
    (tmp_path / "attnprof.toml").write_text("[grid]\nbach = 2\n")
    said = cli("run", "--batch", "0")
    assert "attnprof.toml:2: grid.bach" in said.err
    assert "--batch: 0 is not a batch" in said.err


def test_a_mistake_in_the_environment_names_its_variable(cli, monkeypatch):
    monkeypatch.setenv("ATTNPROF_BATCH", "0")
    assert cli("run").err == "error: ATTNPROF_BATCH[0]: 0 is not a batch (1..65536)\n"


def test_tf32_on_a_cpu_is_one_line_with_its_place_and_can_be_taken_back(cli, tmp_path, monkeypatch):
    assert cli("run", "--device", "cpu", "--tf32").err == "error: --tf32: tf32 exists on NVIDIA GPUs alone\n"
    (tmp_path / "attnprof.toml").write_text('[measure]\ndevice = "cpu"\ntf32 = true\n')
    said = cli("run", "-m", "se", "--dry-run")
    assert (said.code, said.err) == (
        2,
        "error: attnprof.toml:3: measure.tf32: tf32 exists on NVIDIA GPUs alone\n",
    )
    assert cli("run", "-m", "se", "--dry-run", "--no-tf32").code == 0
    monkeypatch.setenv("ATTNPROF_TF32", "0")
    assert cli("run", "-m", "se", "--dry-run").code == 0


def test_a_spec_file_whose_name_is_no_name_for_a_folder_is_run_all_the_same(cli, tmp_path):
    (tmp_path / "my spec (2).toml").write_text(
        '[grid]\nmodules = ["none"]\npoints = ["8@8"]\n[output]\nname = "good"\n'
    )
    assert cli("count", "my spec (2).toml").code == 0
    assert [path.name.split("-", 1)[1] for path in (tmp_path / "reports").iterdir()] == ["good-meta"]


def test_a_device_that_is_not_there_is_exit_code_4_before_anything_is_measured(tmp_path, command):
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    said = command("run", "-m", "se", "--device", "cuda", cwd=tmp_path)
    assert (said.returncode, said.stdout) == (4, "")
    assert re.fullmatch(r"error: no CUDA device: .*Use --device cpu, or --no-latency\n", said.stderr)
    assert not (tmp_path / "reports").exists()


def test_output_that_cannot_be_written_is_exit_code_4_before_anything_is_measured(cli, tmp_path):
    (tmp_path / "file").write_text("a regular file")
    said = cli("run", "-o", "file/x")
    assert (said.code, said.out) == (4, "")
    assert (
        said.err == "error: cannot write file/x: not a directory (found before measuring; nothing was lost)\n"
    )


def test_reports_that_is_a_regular_file_is_exit_code_4(cli, tmp_path):
    (tmp_path / "reports").write_text("a regular file")
    said = cli("count", "-m", "eca")
    assert (said.code, said.out) == (4, "")
    assert said.err.startswith("error: cannot write reports/")


def test_a_table_that_cannot_be_written_is_exit_code_4(cli, wide):
    said = cli("table", wide, "-o", "absent/x.md")
    assert (said.code, said.out) == (4, "")
    assert said.err == "error: cannot write absent/x.md: no such file or directory\n"


def test_a_folder_that_holds_a_run_is_not_written_into(cli):
    assert cli("count", "-m", "eca", "--points", "8@8", "--counters", "none", "-o", "out").code == 0
    said = cli("count", "-m", "se", "-o", "out")
    assert (said.code, said.out) == (2, "")
    assert "holds a run already. Continue it: attnprof run --resume out" in said.err


def test_a_column_that_does_not_exist_is_answered_with_the_nearest(cli, wide):
    said = cli("table", wide, "--columns", "channels,modul")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: --columns: no column 'modul'. Did you mean 'module'")


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_heading_that_is_no_column_of_the_data_is_a_mistake_and_no_crash(cli, wide, form):
    said = cli("table", wide, "--columns", "size", "--format", form)
    assert said.code == 2
    assert said.err.startswith("error: --columns: ")


LONG = "a" * 300


@pytest.mark.parametrize(
    "line", [("table", LONG), ("report", LONG), ("plot", LONG), ("diff", LONG, "x"), ("pick", f"{LONG}/x")]
)
def test_a_name_that_no_file_can_have_is_a_mistake(cli, line):
    said = cli(*line)
    assert (said.code in (2, 4), said.out) == (True, "")
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        (
            f"[grid]\nres = {'[' * 1000}{']' * 1000}\n",
            "s.toml: not read: brackets within brackets, hundreds deep",
        ),
        (f"[grid]\nres = {'9' * 5000}\n", "s.toml: not read: a number of thousands of digits"),
    ],
    ids=["brackets", "digits"],
)
def test_a_spec_file_of_which_toml_can_make_nothing_is_a_mistake(cli, tmp_path, toml, says):
    (tmp_path / "s.toml").write_text(toml)
    said = cli("run", "s.toml")
    assert (said.code, said.out, said.err) == (2, "", f"error: {says}\n")


def test_an_option_that_is_not_utf_8_is_a_mistake(cli):
    said = cli("run", "--res", "\udcff", "--batch", "0")
    assert said.code == 2
    assert said.err.splitlines()[0] == "--res: not a text in UTF-8"


@pytest.mark.parametrize("columns", ["1", "3", "39"])
def test_a_page_is_shown_on_the_narrowest_terminal(cli, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr("attnprof.cli._terminal.sys.stdout.isatty", lambda: True, raising=False)
    assert cli("show", "hamburger").code == 0


def test_a_table_on_standard_input_that_is_not_utf_8_is_a_mistake(cli, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("schema\n1\n".encode("utf-16"))))
    said = cli("table", "-")
    assert (said.code, said.out) == (2, "")
    assert said.err == "error: standard input: not a results.csv of attnprof: it is no text in UTF-8\n"


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "\x00\x01", "schema\n7\n"])
def test_a_file_that_is_no_results_csv_is_a_mistake(cli, tmp_path, content):
    (tmp_path / "other.csv").write_text(content)
    said = cli("table", "other.csv")
    assert (said.code, said.out) == (2, "")
    assert "other.csv" in said.err
    assert said.err.count("\n") == 1


def test_a_binary_file_is_no_results_csv(cli, tmp_path):
    (tmp_path / "other.csv").write_bytes(bytes(range(256)))
    said = cli("table", "other.csv")
    assert (said.code, said.out) == (2, "")


SKIPPED = "--counters none --format json -q"


def rows_of(said):
    return {(row["module"], row["channels"]): row for row in json.loads(said.out)["rows"]}


def test_channels_that_do_not_divide_are_a_skipped_row_with_the_nearest_sizes(cli):
    said = cli("count", "-m", "se,aa", "--channels", "8,16", "--res", "8", *SKIPPED.split())
    row = rows_of(said)["se", 8]
    assert (row["status"], row["params"]) == ("skipped", None)
    assert row["reason"] == "channels must be at least the reduction = 16; nearest 16"
    assert rows_of(said)["se", 16]["status"] == "ok"


def refused(known):
    """The first width that a module refuses for its channels, with the nearest it names; None where it takes
    all."""
    for channels in range(1, 200):
        reason = known.refusal(channels, 112, 112)  # a map that every window tiles
        found = re.search(r"; nearest (\d+)(?:, (\d+))?$", reason or "")
        if found:
            return known.key, channels, [int(size) for size in found.groups() if size]
    return None


def test_the_nearest_sizes_that_a_refusal_names_can_be_counted(cli):
    with every_case() as case:
        for name, channels, nearest in [*filter(None, map(refused, entries()))]:
            with case(name, channels):
                points = ",".join(f"{size}@112" for size in [channels, *nearest])
                rows = rows_of(cli("count", "-m", name, "--points", points, *SKIPPED.split()))
                assert rows[name, channels]["status"] == "skipped"
                assert [rows[name, size]["status"] for size in nearest] == ["ok"] * len(nearest)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("-m se --points 8@8", 3),
        ("-m se,none --points 8@8", 3),
        ("-m se --channels 8 --res 8", 3),
        ("-m se --channels 8,16 --res 8", 0),
        ("-m se --points 8@8,16@8", 0),
        ("-m family:channel --points 8@8", 0),
        ("-m all --points 8@8", 0),
        ("-m !none --points 8@8", 0),
        ("--points 8@8", 0),
        ("-m eca --points 8@8", 0),
    ],
)
def test_a_skipped_cell_is_exit_code_3_only_where_it_was_asked_for_by_name_at_that_one_point(
    cli, asked, code
):
    assert cli("count", *asked.split(), "--counters", "none").code == code


def test_the_module_none_can_be_asked_for_alone(cli):
    assert cli("run", "-m", "none", "--points", "8@8", "--dry-run").out == "none@8@8\n"
