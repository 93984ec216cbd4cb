"""The catalogue: readable files beside this package, checked as a whole and then loaded as a whole."""

from registry.services.catalogue.files import CATALOGUE_DIR, Catalogue, read_catalogue
from registry.services.catalogue.load import Loaded, load_catalogue

__all__ = ["CATALOGUE_DIR", "Catalogue", "Loaded", "load_catalogue", "read_catalogue"]
