"""The page of a run, of a comparison or of all runs: one HTML file that needs no network; does not know run folders.

`page` renders a template with its style and script inside and a policy that allows nothing else, `drawing` lays out the
picture of a network, `tiles` the weights of a first layer, `figures` takes pictures of matplotlib into a page,
`curves` is what is drawn over the epochs, `heat` maps of the layers over them, `shading` tables by their values.
`vendor/` holds uPlot, with its licence; its sha256 is in `page`.
"""

from nncli.report.page import render

__all__ = ["render"]
