"""The catalogue: readable files beside this package, checked as a whole and then loaded as a whole."""

from registry.services.catalogue.export import entries, entry_of
from registry.services.catalogue.files import CATALOGUE_DIR, Catalogue, read_catalogue
from registry.services.catalogue.load import load_catalogue
from registry.services.catalogue.sync import Loaded

__all__ = ["CATALOGUE_DIR", "Catalogue", "Loaded", "entries", "entry_of", "load_catalogue", "read_catalogue"]
