"""Files that people write, read so that every mistake is told with its line and key. Knows no models and no Django."""

from registry.strict_yaml.source import Document, KeyPath, UnreadableYaml, file_bytes, read_yaml
from registry.strict_yaml.validate import Fault, faults, nearest, printed_key, shown

__all__ = [
    "Document",
    "Fault",
    "KeyPath",
    "UnreadableYaml",
    "faults",
    "file_bytes",
    "nearest",
    "printed_key",
    "read_yaml",
    "shown",
]
