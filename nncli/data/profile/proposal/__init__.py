"""What a config for a table should say, for `nncli init`; the findings of `tables/` and the rules of training decide.

`proposal` puts the `data` section together, `column_choice` chooses the columns to learn from, `missing_markers` finds
texts that mean a missing value.
"""
