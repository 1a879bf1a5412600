"""From a resolved config and the facts of a data set to a Keras model; does not depend on files or the training loop.

`builder` assembles a model from `inputs` and `layers/`; `objective` and `schedules` create the loss, the optimizer and
the metrics; `serving` adds the output activation for saving.
"""

from nncli.model.builder import OUTPUT_NAME, build
from nncli.model.layers.members import member_outputs
from nncli.model.objective import compile_model, make_loss, targets_for
from nncli.model.serving import gives_logits, serving

__all__ = [
    "OUTPUT_NAME",
    "build",
    "compile_model",
    "gives_logits",
    "make_loss",
    "member_outputs",
    "serving",
    "targets_for",
]
