"""Commands that train: `train`, `compare`, and `gradcheck`, which checks the gradients of what would be trained.

One module a command, each a signature, a help text and one call of the pipeline.
"""
