"""The only printing: what is said, where, and how it looks. Knows no run and no model."""

from nncli.console.encoding import ENCODING_ERRORS
from nncli.console.output import Console
from nncli.console.shapes import make_table, make_text
from nncli.console.sparkline import sparkline

__all__ = ["ENCODING_ERRORS", "Console", "make_table", "make_text", "sparkline"]
