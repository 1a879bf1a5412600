"""The story that uses every room: train, evaluate, predict, compare; plain functions that return values.

Only here is everything seen. TensorFlow is imported inside functions and as late as can be, so that a wrong
config or column is told in a second.
"""

from nncli.pipeline.check import check
from nncli.pipeline.compare import compare
from nncli.pipeline.evaluate import evaluate
from nncli.pipeline.places import Places
from nncli.pipeline.predict import predict
from nncli.pipeline.train import train
from nncli.pipeline.variants import ComparisonRequest

__all__ = ["ComparisonRequest", "Places", "check", "compare", "evaluate", "predict", "train"]
