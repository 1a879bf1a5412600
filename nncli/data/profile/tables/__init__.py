"""Examines a table in any text format: its columns, its rows and its target. Trains nothing.

`reading` opens it, `columns` and `rows` examine columns and rows; `extremes` finds impossible values, `copies` columns
with the same content, `leakage` columns that predict the target by themselves; `table` puts the profile together.
"""
