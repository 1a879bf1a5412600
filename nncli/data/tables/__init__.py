"""Tables as data sets: which columns are learned from, as what, and how they become arrays.

`files/` reads files into columns; `features/` chooses columns and types, `encoding` makes arrays, `pixels` images,
`leakage` finds columns that give the target away and repeated rows, `loading` puts a data set together, `inputs`
reads tables for a trained model. Does not depend on images or models.
"""
