"""Commands that use a finished run: `eval` and `predict`.

One module a command, each a signature, a help text and one call of the pipeline.
"""
