"""The run folder; does not depend on configs or arrays.

`files` names its files and writes one whole or not at all, `folder` makes a folder and keeps its record, status and
manifest, `finding` finds the run that a word means.
"""
