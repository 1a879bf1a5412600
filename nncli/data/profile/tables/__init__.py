"""Examines a table in any text format: its columns, its rows, its target, and the config that fits it.

`reading` opens it, `columns` and `rows` examine columns and rows; `extremes` finds impossible values, `copies` columns
with the same content, `leakage` columns that predict the target by themselves, `missing_markers` texts that mean a
missing value; `table` puts the profile together, `proposal` decides what `init` writes. Trains nothing.
"""
