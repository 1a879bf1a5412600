"""Pictures of how a training went and how good its model is, as bytes of PNG and SVG; reads and writes no files.

`canvas` is what all pictures share, `curves` draws the epochs of a training, `comparisons/` several trainings,
`confusion` what a classifier says, `calibration` whether its probabilities mean what they say, `ranking`
ROC and precision-recall, `values` a regression, `rates` a search for a learning rate, `health` the layers over the
epochs; `images/` are pictures of images.
matplotlib is imported when the first picture is drawn.
"""

from nncli.evaluate.plots.calibration import reliability
from nncli.evaluate.plots.comparisons.comparison import comparison_curves, comparison_parts
from nncli.evaluate.plots.confusion import confusion_matrix, label_bars, probabilities
from nncli.evaluate.plots.curves import learning_curves
from nncli.evaluate.plots.health import health_maps
from nncli.evaluate.plots.images.worst import worst_images
from nncli.evaluate.plots.ranking import class_curves, ranking_curves
from nncli.evaluate.plots.rates import rate_curve
from nncli.evaluate.plots.values import residuals, true_against_predicted

__all__ = [
    "class_curves",
    "comparison_curves",
    "comparison_parts",
    "confusion_matrix",
    "health_maps",
    "label_bars",
    "learning_curves",
    "probabilities",
    "ranking_curves",
    "rate_curve",
    "reliability",
    "residuals",
    "true_against_predicted",
    "worst_images",
]
