"""BibTeX of a module's paper."""

import re
import unicodedata

from attnprof.catalogue.entry import Paper

_SPECIAL = {
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "$": r"\$",
    "~": r"\textasciitilde{}",
    "^": r"\^{}",
}
_JOURNALS = ("TPAMI", "Transactions", "Journal", "TMLR", "TIP", "TMI", "Media", "Neurocomputing", "CVMJ")
_SMALL = ("a", "an", "the", "on", "of", "for", "in", "is", "are", "all", "you", "what", "where", "learning")


def bibtex(paper: Paper) -> str:
    """One entry with a key like hu2018squeeze. The catalogue has first authors; the rest is 'and others'.

    Journals are @article, everything else @inproceedings; a bare arXiv paper is @misc.
    """
    bare = "arxiv" in paper.venue.lower()
    kind = "misc" if bare else "article" if _is_journal(paper.venue) else "inproceedings"
    fields = {"title": f"{{{_escaped(paper.title)}}}", "author": f"{_escaped(paper.author)} and others"}
    if not bare:
        fields["journal" if kind == "article" else "booktitle"] = _escaped(paper.venue)
    fields["year"] = str(paper.year)
    if paper.arxiv:
        fields |= {"eprint": paper.arxiv, "archiveprefix": "arXiv"}
    if paper.url:
        fields["url"] = paper.url
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items()]
    return f"@{kind}{{{_key(paper)},\n" + ",\n".join(lines) + ",\n}"


def _is_journal(venue: str) -> bool:
    return any(word in venue for word in _JOURNALS)


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(letter, letter) for letter in text)


def _key(paper: Paper) -> str:
    words = [word for word in re.findall(r"[a-z0-9]+", _ascii(paper.title).lower()) if word not in _SMALL]
    surname = re.sub(r"[^a-z]", "", _ascii(paper.author).lower().split()[-1])
    return f"{surname}{paper.year}{words[0] if words else ''}"


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
