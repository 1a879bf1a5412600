"""Data sets as arrays in files: an .npz archive, or a folder of .npy files. Nothing is ever unpickled.

`files` lists, reads and maps arrays; `archive` checks that they are inputs with their targets, and names these as the
columns of a table. Both also take arrays larger than memory. Does not split or encode.
"""
