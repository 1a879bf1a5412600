"""Tables as rows of encoded numbers in files, in one pass over their text.

`sources` reads the files piece by piece; `planning` decides on target and columns from a sample; `collecting` writes
the rows to raw files; `vocabularies` orders the words and classes that were seen; `finishing` splits the rows, measures
the training set (`measured`) and writes the sets. `split_keys` is what rows are split by, `compacting` drops
equal rows, `own_test` is a test set with files of its own.
"""
