"""The page that the help links of the functions lead to: docs/functions.md as a page of the server."""

from __future__ import annotations

from itertools import pairwise

from markdown_it import MarkdownIt

from xlwings_addin.functions import reference
from xlwings_addin.hosts import HOSTS


def help_page() -> str:
    """The reference of the functions as HTML; every heading is an anchor in lower case."""
    markdown = MarkdownIt().enable("table")
    tokens = markdown.parse(reference.markdown(HOSTS))
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", inline.content.lower())
    return str(markdown.renderer.render(tokens, markdown.options, {}))
