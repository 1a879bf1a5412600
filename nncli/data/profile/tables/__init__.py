"""A table examined: read however it is written, its columns, rows and target, and what a config should say of it.

`reading` opens it, `columns` and `rows` examine them, `extremes` finds impossible values, `copies` columns that say the
same as each other, `leakage` those that predict the target by themselves,
`missing_markers` texts that mean a missing value, `table` puts the profile together, `proposal` decides what `init`
writes. Trains nothing.
"""
