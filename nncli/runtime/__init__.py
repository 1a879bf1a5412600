"""Running an exported model without TensorFlow; does not depend on training or configs."""

from nncli.runtime.predictor import Predictor

__all__ = ["Predictor"]
