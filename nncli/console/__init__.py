"""The only package that prints: what, where, and in which form. Does not depend on runs or models.

`output` has the console, `training` the live view of a training and `epochs` its lines, `step` the progress of any
other work, `live/` what stands at the bottom of a terminal meanwhile, `drawing/` pictures made of characters, `shapes`
tables and coloured text, `sparkline` curves in a line, `encoding` what ASCII streams show.
"""

from nncli.console.encoding import ENCODING_ERRORS
from nncli.console.output import Console
from nncli.console.shapes import make_table, make_text
from nncli.console.sparkline import sparkline

__all__ = ["ENCODING_ERRORS", "Console", "make_table", "make_text", "sparkline"]
