"""Examines images: `folders` class folders, `listing` their files, `labelled` folders whose labels come from a table or
from file names, `arrays` images in memory; `pixels` has the checks they share, `pixel_columns` finds tables of pixels.

Does not depend on models; a file that cannot be read is a finding, not an error.
"""
