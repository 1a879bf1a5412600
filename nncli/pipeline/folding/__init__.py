"""Training a config once for each fold of its rows, and then on all of them.

`training` tells the story; `cells` are the trainings of the folds, which `comparing/` runs side by side, `conclusion`
sums up their results, `final` the config of the network that is trained on all rows. `suspects` is another story:
labels that the folds doubt.
"""
