"""Rows in files: `raw_files` keeps them while their number is not known, `naming` names the entries of the cache.
Neither knows what the rows mean.
"""
