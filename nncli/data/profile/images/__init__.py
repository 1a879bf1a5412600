"""Images examined: `folders` a folder of class folders, `listing` its files, `arrays` images in memory, `pixels` both.

Does not depend on models; what cannot be read is a finding, not an error.
"""
