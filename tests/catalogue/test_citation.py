"""BibTeX of the catalogue's papers."""

import re
import shutil
import subprocess

import pytest

from attnprof.catalogue import MODULES, entries
from attnprof.catalogue.citation import bibtex
from attnprof.catalogue.entry import Paper
from attnprof.cli._main import main
from tests.every_case import every_case

PAPERS = list(dict.fromkeys(known.paper for known in entries() if known.paper))


def test_every_paper_has_a_balanced_entry_that_says_where_to_find_it():
    with every_case() as case:
        for paper in PAPERS:
            with case(paper.title):
                text = bibtex(paper)
                assert text.count("{") == text.count("}")
                assert re.match(r"@(inproceedings|article|misc)\{[a-z]+\d{4}[a-z0-9]*,\n", text)
                assert f"year = {{{paper.year}}}" in text
                assert paper.arxiv in text
                assert paper.url in text
                assert not re.search(r"(?<!\\)[&%#$]", text)


def test_no_two_papers_share_a_key():
    keys = [bibtex(paper).split(",")[0] for paper in PAPERS]
    assert len(set(keys)) == len(keys)


def test_what_latex_would_read_as_a_command_is_escaped():
    paper = Paper("50% & more: A_1 $x$ #2", "Anna Müller", "CVPR", 2020, "2001.00001")
    text = bibtex(paper)
    assert r"50\% \& more: A\_1 \$x\$ \#2" in text
    assert text.startswith("@inproceedings{muller202050,")


@pytest.mark.parametrize(
    ("venue", "kind"),
    [("CVPR", "inproceedings"), ("TPAMI", "article"), ("arXiv", "misc"), ("ICCV Workshops", "inproceedings")],
)
def test_the_venue_decides_the_kind_of_entry(venue, kind):
    assert bibtex(Paper("T", "A B", venue, 2020, "1")).startswith(f"@{kind}{{")


def test_cite_prints_each_paper_once_and_says_what_has_none(capsys):
    assert main(["cite", "se", "none", "se(r8)"]) == 0
    said = capsys.readouterr()
    assert said.out.count("@") == 1
    assert "hu2018squeeze" in said.out
    assert said.err == "none comes from no paper\n"


def test_cite_knows_the_whole_catalogue(capsys):
    assert main(["cite", "all", "-q"]) == 0
    assert capsys.readouterr().out.count("\n@") == len(PAPERS) - 1
    assert len(MODULES.names()) > len(PAPERS) - 1


PAGE = r"\documentclass{article}\usepackage[T1]{fontenc}\usepackage{url}\begin{document}\nocite{*}%s\end{document}"


@pytest.mark.slow
@pytest.mark.skipif(
    not (shutil.which("pdflatex") and shutil.which("bibtex")),
    reason="needs pdflatex and bibtex: apt-get install texlive-latex-base",
)
def test_the_citations_of_the_whole_catalogue_compile_without_a_warning(tmp_path):
    (tmp_path / "modules.bib").write_text("\n".join(map(bibtex, PAPERS)), encoding="utf-8")
    page = PAGE % r"\bibliographystyle{plain}\bibliography{modules}"
    (tmp_path / "page.tex").write_text(page, encoding="utf-8")
    latex = ["pdflatex", "-interaction=nonstopmode", "-draftmode", "page.tex"]
    for command in (latex, ["bibtex", "page"], latex, latex):
        subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=120, check=False)
    assert "Warning--" not in (tmp_path / "page.blg").read_text(encoding="utf-8")
    assert (tmp_path / "page.bbl").read_text(encoding="utf-8").count(r"\bibitem") == len(PAPERS)
    log = (tmp_path / "page.log").read_text(encoding="utf-8", errors="replace")
    assert not re.search(r"^!|Warning", log, re.MULTILINE)
