"""How the answers of commands look on a terminal: values in, tables and lines out.

`training`, `evaluation` and `comparison` show results, `export` a model in another format, `network` a checked config,
`data` a profile, `explanation` rules and lessons, `gradients` a gradient check; `numbers` writes numbers.
"""
