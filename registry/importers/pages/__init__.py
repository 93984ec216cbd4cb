"""Exchange pages of the documentation site, in every layout in which they were written.

`read_page` takes the bytes of one page and gives a `Page`: values, and a warning for every line of which it cannot say
what it means. It is pure, touches no database, and raises for no input.

A page with a table of components states each component's status there. One without a table states them by its
sections: in layout A the page is one connector, which is available since it has a page; in layout B each heading is
one component, available where something stands beneath it, and of blank status (a warning) where nothing does. A line
that the page says of all its connectors at once, such as Gateway's folder, holds for each that has none of its own.

How-to prose, tips, fixed sentences and code are read over in silence. Everything else that finds no place is told:

| Code | What it means |
| --- | --- |
| not_read | The file is empty or larger than any page; nothing was read |
| not_utf8 | Bytes that are no text, read as replacement characters |
| repaired | UTF-8 had been read as Mac Roman; these lines were repaired before reading |
| unclosed | A code block or a comment opens and never ends |
| no_exchange_page | An index, a template or a guide; nothing else of it is told |
| unplaced | A line, a remark, a table or a section that has no place in a page's facts |
| blank_maintainer | The line is there and names nobody, not even None; it changes nothing |
| second_value | A thing stated twice, and differently, or two sections of one kind; the first counts |
| tier_contradiction | Badge, line and sentence name different tiers; the badge counts |
| tier_explanation | The text that explains the tier is that of another tier |
| unknown_tier | A badge or a line names no tier |
| unknown_exchange_type, unknown_market_type | Words that are no known type; the field stays empty |
| unknown_component | A row of the table, or the page's connector, is of no known kind |
| unknown_status | A status of no list |
| blank_status | A component whose status is not stated, by its row or by any row |
| status_contradiction | A section describes a component that the table calls missing |
| extra_cells | A row has more cells than its table has columns |
| unknown_version | A cell for the version or V2 strategies says something else |
| unknown_connection_type | A connection type of no list; the field stays empty |
| unknown_order_type, unknown_position_mode, unknown_interval | A name of no list; the others count |
| no_link | Words, or an address within the site's own files, where a link belongs |

The pages' habits: hummingbot/hummingbot-site, docs/exchanges at commits of 2022-06 to 2026-09, read 2026-11.
"""

from registry.importers.pages.page import (
    ImportedWarning,
    Layout,
    Page,
    PageComponent,
    PageConnector,
    PaperTradingPlace,
    Repair,
    StatedTier,
    Tip,
    Warning,
)
from registry.importers.pages.read import read_page

__all__ = [
    "ImportedWarning",
    "Layout",
    "Page",
    "PageComponent",
    "PageConnector",
    "PaperTradingPlace",
    "Repair",
    "StatedTier",
    "Tip",
    "Warning",
    "read_page",
]
