"""Labels of images that are not given by class folders.

`patterns` reads them from file names, `tables` from a table; `files` finds the files that the cells of a table name,
`reading` reads the labels that a config asks for, `loading` makes a data set of them, `finding` detects where the
labels of a folder are. Does not depend on models.
"""
