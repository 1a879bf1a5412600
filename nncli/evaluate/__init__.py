"""How good predictions are: numbers, the worst examples, pictures; does not depend on models or configs.

`metrics` measures a part beside its baseline, with `classification`, `regression` and `scores`; `main_metrics` names
the one to compare by; `baseline` judges whether a model is better than that; `worst` finds the rows a model is most
wrong about, `intervals` says how far chance moves a metric; `comparing/` judges several trainings, `references/` fits
other models to compare with, `adjusting/` thresholds and temperatures; `importance/` finds which inputs matter;
`plots/` draws.
"""
