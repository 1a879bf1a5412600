"""Rows in files: `raw_files` keeps them while their number is not known, `naming` tells the entries of the cache apart.

Neither knows what the rows are of.
"""
