"""How the answers of commands look on a terminal: values in, tables and lines out.

`results` shows trainings, evaluations and comparisons, `timings` where the time went, `network` a checked config,
`data` a profile, `explanation` rules and lessons, `gradients` a gradient check. Nothing here computes or reads files.
"""
