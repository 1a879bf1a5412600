"""Pictures of how a training went and how good its model is, as PNG bytes; knows no files and no model.

`canvas` is what all pictures share, `curves` draws epochs, `results` what a model gets right and wrong,
`contact_sheet` images side by side. matplotlib is imported when the first picture is drawn.
"""

from nncli.evaluate.plots.curves import comparison_curves, learning_curves
from nncli.evaluate.plots.results import confusion_matrix, true_against_predicted, worst_images

__all__ = ["comparison_curves", "confusion_matrix", "learning_curves", "true_against_predicted", "worst_images"]
