"""Data sets larger than memory: read once, encoded into a cache of arrays in files, opened as memory maps.

`memory` decides whether a data set is streamed; `loading` is the entry point for tables, whose rows are encoded in
`tables/`, as are `images` and `arrays/`; `inputs/` is for what a trained model is measured on. `assigning` splits rows
by chance, `splits/` by groups, time and folds; `statistics` measures the training set, `storing` keeps arrays in the
cache, and `storage/` rows until they are such arrays; `mapping` lets go of what was read; `excerpt` gives a look at a
table that is too large to be looked at whole.
The result is a `Dataset` whose arrays are memory maps.
"""
