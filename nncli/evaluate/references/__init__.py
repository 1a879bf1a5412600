"""Other models fitted to the same rows, which a network should beat; takes arrays and depends on no config.

`encoding` turns inputs into a matrix, `linear` fits the linear model of the task, `trees` boosted trees, `differences`
says how far the network is ahead of each, with an interval.
"""

from nncli.evaluate.references.differences import HEADLINES, Difference, differences, headline
from nncli.evaluate.references.linear import fit_linear
from nncli.evaluate.references.trees import fit_trees

__all__ = ["HEADLINES", "Difference", "differences", "fit_linear", "fit_trees", "headline"]
