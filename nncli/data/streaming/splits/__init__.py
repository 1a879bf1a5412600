"""The sets of a streamed table: splits by chance, groups or time, and folds, from files and in bounded memory.

`dividing` is the entry point, as `data.splits.dividing` is for data in memory: the rules and the messages are its own.
`rows` is what is known of the rows; `grouping` keeps whole groups together, `ordering` follows time, `folding` deals
rows into folds, `copies` keeps equal rows together; `distinct` looks at more different values than memory holds.
"""
