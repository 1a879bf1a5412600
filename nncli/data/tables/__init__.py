"""Tables as data sets: which columns are learned from, as what types, and how they become arrays.

`files/` reads files into columns, `features/` chooses columns and types, `encoding` makes arrays and `pixels` images of
them, `leakage` finds repeated rows and columns that give the target away, `loading` assembles a data set, `inputs`
reads tables for a trained model. Does not depend on models.
"""
