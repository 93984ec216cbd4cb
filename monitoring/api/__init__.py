"""The public JSON, version 1: the same facts as the pages."""
