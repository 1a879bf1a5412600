"""Compares the trainings of several variants: which is better, how certain that is, and whether the comparison was
fair.

`summary` puts it together for `compare`: `variants` sums up each variant, `paired` tests the differences of two over
the seeds, `verdicts` judges all pairs, `rowwise` looks at single test rows, `sentences` says it in words, `fairness`
finds what was not equal for all, `reasons` what was wrong with the trainings of one.
"""
