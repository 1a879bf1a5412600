"""Labels of images that are not the names of their folders.

`patterns` reads them from file names, `tables` from a table, `files` finds the files that the cells of a table mean,
`reading` does what a config asks for, `loading` makes a data set of it, `finding` looks where a folder has its labels.
Does not depend on models.
"""
