"""The trainings of a comparison on a Ray cluster: `training` hands them out, `cell_task` runs on a node."""
