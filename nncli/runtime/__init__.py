"""What a prediction needs besides the data.

`predictor` runs an exported model without TensorFlow, `novelty` finds images that are unlike the training images,
`quiet` silences LiteRT. Does not depend on training or configs.
"""

from nncli.runtime.predictor import Predictor

__all__ = ["Predictor"]
