"""Commands that use a finished run: `eval`, `predict`, `serve` and `export`.

One module a command, each a signature, a help text and one call of the pipeline.
"""
