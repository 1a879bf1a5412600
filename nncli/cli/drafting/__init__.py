"""Commands that come before training: look at data, write, check and explain a config.

`init`, `check`, `data`, `explain`, `schema`: one module a command, each a signature, a help text and one call of the
pipeline. They do not train.
"""
