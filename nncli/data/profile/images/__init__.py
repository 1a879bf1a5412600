"""Images examined: `folders` a folder of class folders, `listing` its files, `labelled` a folder with other labels,
`arrays` images in memory, `pixels` all of them, `pixel_columns` whether a table holds images.

Does not depend on models; what cannot be read is a finding, not an error.
"""
