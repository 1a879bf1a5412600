"""Examines a data set for `nncli data` and `nncli init`: what it contains and what is wrong with it. Trains nothing.

`profiling` is the entry point, `values` defines the results, `findings` holds the checks that tables and images share;
`tables/` and `images/` examine the data, `archives` gives them the arrays of a file.
"""
