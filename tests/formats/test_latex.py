"""LaTeX: what a user wrote stays text, the packages are named, and the whole catalogue compiles without a
warning."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnprof.formats import Look
from attnprof.formats._latex_columns import SPECIAL, _rounded, escape
from attnprof.formats.latex import write
from attnprof.results import of_folder
from attnprof.results.baseline import over
from attnprof.views.document import Document, Figure, TableCell, TableColumn
from attnprof.views.run import document
from tests.synthetic import results

REPORTS = Path(__file__).parents[2] / "reports"
CATALOGUE = REPORTS / "20261201-catalogue-cpu"
NETWORKS = REPORTS / "20261130-networks-cpu"
COLUMNS = ("module", "family", "params", "throughput_per_s", "fvcore_macs", "output_shape", "variant")
PAGE = r"""\documentclass%s{article}
%s
\begin{document}
%s
\end{document}
"""
WARNINGS = re.compile(r"^!.*|.*Warning.*|Overfull.*|.*siunitx.*(?:invalid|error).*", re.MULTILINE)


def latex(found, **look):
    return write(document(found, **look), Look()).text


@pytest.fixture(scope="module")
def grid():
    return results(modules="se,eca,cbam,none", channels="32,64", res="28")


def preamble(text):
    return re.search(r"^% needs (.*)$", text, re.MULTILINE)[1]


def test_the_packages_that_it_needs_are_in_a_comment(grid):
    assert preamble(latex(grid)) == r"\usepackage{booktabs}\usepackage{siunitx}"
    long = results(modules="all", channels="64", res="56")
    assert preamble(latex(long)).endswith(r"\usepackage{longtable}")


def test_the_conditions_are_in_the_caption(grid):
    caption = re.search(r"\\caption\{(.*)\}\\label", latex(grid))[1]
    for words in (
        r"$28\times28$",
        "batch 1",
        "fp32",
        "Test CPU",
        "MACs: multiply-accumulates",
        "latency: median",
        "Bold:",
    ):
        assert words in caption


def test_the_caption_is_not_set_in_the_small_type_of_the_figures(grid):
    text = latex(grid)
    assert "longtable" not in text
    assert text.index(r"\caption{") < text.index(r"\sisetup{")
    assert r"\def\tablename{\footnotesize" in latex(of_folder(CATALOGUE))


def test_the_best_is_bold_and_counts_are_whole(grid):
    row = next(line for line in latex(grid).splitlines() if " & eca & " in line)
    assert row.startswith(r"32 & eca & \best 3 & \best 96 &")


def test_columns_that_stand_side_by_side_share_a_heading(grid):
    head = next(line for line in latex(grid, pivot="channels").splitlines() if "multicolumn" in line)
    assert r"\multicolumn{4}{c}{latency (\si{\micro\second})}" in head
    assert r"\multicolumn{2}{c}{MACs}" in head


def test_a_ratio_shares_the_heading_of_its_figure(grid):
    lines = latex(over(grid, "se"), columns=("module", "latency_s")).splitlines()
    above = next(n for n, line in enumerate(lines) if "multicolumn" in line)
    assert lines[above] == r" & \multicolumn{3}{c}{latency} \\"
    assert lines[above + 2] == r"{module} & {\si{\micro\second}} & {$\pm$ (\%)} & {$\times$ se} \\"


def test_other_counters_are_there_when_they_are_asked_for():
    found = results(modules="se", channels="32", res="28")
    assert "fvcore" not in latex(found)
    assert "fvcore" in latex(found, columns=("module", "fvcore_macs"))


def test_no_type_is_smaller_than_small():
    sizes = {r"\tiny", r"\scriptsize"}
    for look in ({}, {"pivot": "channels"}, {"columns": COLUMNS}):
        assert not any(size in latex(of_folder(CATALOGUE), **look) for size in sizes)


def test_a_table_for_one_of_two_columns_is_narrow_and_another_spans_both(grid):
    assert r"\begin{table}" in latex(grid, columns=("module", "params", "latency_s"))
    assert r"\begin{table*}" in latex(over(grid, "se"))


def test_what_a_page_has_no_room_for_is_left_out_and_named(grid):
    wide = over(grid, "se")
    written = write(document(wide), Look())
    [note] = written.notes
    assert note.startswith("columns left out (wider than a page): ")
    assert f"% {note}\n" in written.text
    assert "{FLOPs}" not in written.text
    assert "FLOPs" in note


def test_columns_that_were_named_stay_in_a_table_below_where_there_is_no_room_beside():
    wide = results(modules="se,eca", channels="64", res="28")
    columns = (
        "module",
        "params",
        "macs",
        "flops",
        "activation_memory",
        "latency_s",
        "throughput",
        "memory",
        "family",
    )
    text = latex(wide, columns=columns)
    assert text.count(r"\begin{tabular}") == 2
    assert text.count("{module}") == 2
    assert "left out" not in text


def test_rows_of_a_network_stand_below_its_name():
    text = latex(of_folder(NETWORKS), columns=("host", "module", "params"))
    assert r"\multicolumn{3}{@{}l@{}}{\emph{resnet50}} \\" in text.splitlines()
    assert "{network}" not in text


def test_no_decimal_is_less_than_the_first_digit_of_the_half_width():
    figures = [("2.24", 0.07), ("2.19", 0.021), ("30.8", 0.24), ("166", 0.03), ("9.00", None)]
    rounded = [_rounded(Figure(digits, spread=spread), None) for digits, spread in figures]
    assert rounded == ["2.2", "2.19", "31", "166", "9.00"]


def test_each_of_several_tables_has_a_label_of_its_own(grid):
    table = document(grid)
    text = write(Document(parts=[table, table, table]), Look()).text
    assert re.findall(r"\\label\{(.*?)\}", text) == ["tab:attnprof", "tab:attnprof-2", "tab:attnprof-3"]


def test_texts_that_are_too_wide_together_are_folded():
    columns = [TableColumn(name, name) for name in "abcdef"]
    row = [TableCell("four words of text") for _ in columns]
    text = write(Document(columns=columns, rows=[row]), Look()).text
    assert text.count(r"\parbox[t]{65pt}{\raggedright\strut four words of text\strut}") == 6


def test_a_long_name_takes_several_lines():
    text = latex(results(modules="cbam(kernel_size=3,reduction=4)", channels="64", res="28"))
    assert r"\parbox[t]{139pt}{\raggedright\strut cbam(\allowbreak{}kernel" in text


@given(st.text(st.sampled_from('ab1 &%$#_{}~^\\<>|"±×≈µ\u202f'), max_size=40))
def test_an_escaped_text_holds_no_character_that_latex_reads_as_its_own(text):
    left = escape(text)
    for written in sorted(SPECIAL.values(), key=len, reverse=True):
        left = left.replace(written, "")
    left = left.replace(r"\times", "").replace("$", "")
    assert not set(left) & set("&%#_{}~^\\")


def compiled(body, preamble, folder, options=""):
    """What pdflatex complains of in its last pass: it runs until it does not ask to be run again, or three
    times."""
    (folder / "page.tex").write_text(PAGE % (options, preamble, body), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-draftmode", "page.tex"]
    for _ in range(3):
        subprocess.run(command, cwd=folder, capture_output=True, timeout=120, check=False)
        log = (folder / "page.log").read_text(encoding="utf-8", errors="replace")
        if "Rerun" not in log:
            break
    assert "Here is how much of TeX's memory you used" in log, log[-2000:]
    return [line for line in WARNINGS.findall(log) if "infwarerr" not in line]


def installed():
    found = shutil.which("pdflatex") and shutil.which("kpsewhich")
    return bool(found) and all(
        subprocess.run(["kpsewhich", f"{name}.sty"], capture_output=True, check=False).returncode == 0
        for name in ("booktabs", "siunitx", "longtable")
    )


needs_latex = pytest.mark.skipif(
    not installed(), reason="needs pdflatex with siunitx: apt-get install texlive-latex-extra texlive-science"
)


@pytest.mark.slow
@needs_latex
@pytest.mark.parametrize(
    "look", [{}, {"pivot": "channels"}, {"columns": COLUMNS}], ids=["plain", "pivot", "columns"]
)
def test_the_whole_catalogue_compiles_without_a_warning(look, tmp_path):
    text = latex(of_folder(CATALOGUE), **look)
    assert compiled(text, preamble(text), tmp_path) == []


@pytest.mark.slow
@needs_latex
@pytest.mark.parametrize(
    "look",
    [
        {},
        {"pivot": "channels"},
        {"columns": ("module", "params", "latency_s")},
        {"columns": COLUMNS},
    ],
    ids=["plain", "pivot", "narrow", "columns"],
)
def test_a_table_compiles_in_a_class_of_two_columns_without_a_warning(look, grid, tmp_path):
    text = latex(grid, **look)
    assert compiled(text, preamble(text), tmp_path, "[twocolumn]") == []


@pytest.mark.slow
@needs_latex
def test_a_table_of_networks_compiles_without_a_warning(tmp_path):
    text = latex(of_folder(NETWORKS))
    assert compiled(text, preamble(text), tmp_path) == []


@pytest.mark.slow
@needs_latex
@pytest.mark.parametrize("pivot", ["", "channels"])
def test_ratios_and_what_noise_leaves_open_compile_without_a_warning(pivot, tmp_path):
    found = over(
        results(
            lambda case: 1e-4 if case.channels == 32 else None,
            modules="se,eca,cbam",
            channels="32,64",
            res="28",
        ),
        "se",
    )
    text = latex(found, pivot=pivot, columns=("module", "params", "latency_s", "peak_memory_bytes"))
    assert r"{$\approx$}" in text
    assert compiled(text, preamble(text), tmp_path) == []


@pytest.mark.slow
@needs_latex
def test_what_a_user_wrote_compiles(grid, tmp_path):
    frame = grid.frame.copy()
    frame["module"] = [r"a_b%c&d#e$f{g}h~i^j\k<l>m|n\"o" for _ in frame.index]
    frame["reason"] = [r"50 % of \input{/etc/passwd} & more" for _ in frame.index]
    text = latex(replace(grid, frame=frame))
    assert [line for line in compiled(text, preamble(text), tmp_path) if "Overfull" not in line] == []
