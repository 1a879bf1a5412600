"""How good predictions are: numbers, the worst examples, pictures; does not depend on models or configs.

`metrics` measures a part beside its baseline, with `classification`, `regression` and `scores`; `baseline` judges
whether a model is better than that; `worst` finds the rows
a model is most wrong about, `intervals` says how far chance moves a metric, `comparison` sums up several trainings,
`references/` fits other models to compare with, `plots/` draws.
"""
