"""Decides which columns of a table in memory are learned from, and as what type.

`choosing` chooses columns and types; `flaws` finds cells that keep a column from being learned; `identifiers` tells
codes and serial numbers from amounts; `words` decides when a word for a missing value is a value, and joins spellings;
`summary` finds rows such as Total at the end; `date_text` reads dates and times, `dates` turns them into numbers. Does
not depend on files or models.
"""
