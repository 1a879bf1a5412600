"""Running an exported model without TensorFlow; knows no training and no config."""

from nncli.runtime.predictor import Predictor

__all__ = ["Predictor"]
