"""Exchange pages of a documentation site: placed on an exchange, held against it, and brought into the registry."""

from registry.services.pages.compare import Difference, Severity, differences
from registry.services.pages.files import PagesUnreadable, read_pages
from registry.services.pages.importing import ImportReport, PageReport, import_pages
from registry.services.pages.places import Known, Place, place, read_known

__all__ = [
    "Difference",
    "ImportReport",
    "Known",
    "PageReport",
    "PagesUnreadable",
    "Place",
    "Severity",
    "differences",
    "import_pages",
    "place",
    "read_known",
    "read_pages",
]
