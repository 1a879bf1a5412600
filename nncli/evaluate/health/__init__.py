"""What is wrong with a training, from the lines of health.jsonl and metrics.jsonl; does not depend on configs.

`finding` is the value that a rule returns, `layers` has the rules about single layers, `course` those about the losses,
`judging` applies all rules and leaves out findings that follow from others; `rates` names a learning rate by a range
test, `grids` lays the measures out to be shaded. The limits were chosen with benchmarks/health.py.
"""

from nncli.evaluate.health.finding import Finding
from nncli.evaluate.health.judging import judge_health
from nncli.evaluate.health.layers import find_at_once

__all__ = ["Finding", "find_at_once", "judge_health"]
