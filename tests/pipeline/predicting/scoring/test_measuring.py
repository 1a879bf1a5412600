"""What is kept of each test row."""

import numpy as np

from nncli.config.facts import DataFacts, Target, Task
from nncli.data.dataset import Part
from nncli.pipeline.predicting.scoring import measuring


def test_squared_errors_of_huge_targets_are_finite() -> None:
    facts = DataFacts.model_construct(target=Target.model_construct(task=Task.REGRESSION))
    part = Part({}, np.array([[1e30], [2e30]], np.float32), np.arange(2))
    answers = measuring.test_answers(facts, part, np.array([[2e30], [2e30]], np.float32), whole=False)
    np.testing.assert_allclose(answers["squared_error"], [1e60, 0], rtol=1e-6)
