"""How several networks that belong together are shown: `folds` and `suspects` those of a
cross-validation, `ensemble` those that predict together; `workers` one that several processes train."""
