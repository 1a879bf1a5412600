"""Images examined: `folders` a folder of class folders, `listing` its files, `arrays` images in memory, `pixels` both.

Knows no models; what cannot be read is a finding, not an error.
"""
