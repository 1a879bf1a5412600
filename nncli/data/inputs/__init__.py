"""What a user gives to a trained model: files, folders, patterns, tables, archives and stdin, as batches of arrays.

`finding` turns the words of a command into inputs, `images` and `arrays` (.npz) read theirs, and `reading` chooses the
reader of each input; tables are read by `tables.inputs` and `tables.pixels`. Does not depend on models.
"""
