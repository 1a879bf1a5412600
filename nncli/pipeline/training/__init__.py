"""Training a config into a run folder.

`train` tells the story, `continuing/` that of a training that is stopped and goes on; `planning` chooses executor and
threads, `fitting` builds and trains, `watching` follows the epochs, `frames/` looks at the network while it learns,
`saving` writes the model and plots, `record` notes in run.json how it came about and ended, `stopwatch` how long each
part took.
"""
