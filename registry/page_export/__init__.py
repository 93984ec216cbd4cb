"""Writes an exchange as a page for a documentation site. Pure: from values to text."""

from registry.page_export.block import BEGIN, END, BlockRefused, new_page, with_block
from registry.page_export.page import ExportedExchange, PageLayout, render

__all__ = [
    "BEGIN",
    "END",
    "BlockRefused",
    "ExportedExchange",
    "PageLayout",
    "new_page",
    "render",
    "with_block",
]
