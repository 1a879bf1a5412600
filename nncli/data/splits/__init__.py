"""Splits that do not follow chance alone, and folds; sees row numbers, groups and moments, never the data itself.

`dividing` is the entry point: it splits as a config's section says. `grouping` keeps whole groups together, `ordering`
follows time, `folding` deals rows into folds.
"""
