"""A data set examined for `nncli data` and `nncli init`: what is in it and what is wrong with it; trains nothing.

`profiling` is the way in, `values` what it finds, `findings` the findings that tables and images share; `tables/` and
`images/` do the examining.
"""
