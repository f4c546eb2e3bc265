"""One offline HTML page of a run: what it found, to look at, filter, choose from and cite.

The page is a single file. It asks the network for nothing (its own security policy forbids it), and holds
every column of results.csv with every digit. data.py says what it holds, html.py how that becomes a page,
assets/ how the page looks and behaves: plain HTML, CSS and JavaScript, joined without a build step; a page
leaves out comments and indentation.
"""

from attnprof.report.html import page, page_that_fits

__all__ = ["page", "page_that_fits"]
