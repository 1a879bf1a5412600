"""How good predictions are: numbers, the worst examples, pictures; does not depend on models or configs.

`metrics` measures a part beside its baseline, with `classification`, `regression` and `scores`; `main_metrics` names
the one to compare by; `baseline` judges whether a model is better than that; `worst` finds the rows a model is most
wrong about, `comparison` sums up several trainings; `plots/` draws.
"""
