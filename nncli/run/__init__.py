"""The run folder; does not depend on configs or arrays.

`files` names the files and writes each atomically, `folder` creates a run folder and keeps its record, status and
manifest, `lock` tells whether its process lives, `listing` reads all runs of a folder, `finding` resolves a name,
`removal` removes one.
"""
