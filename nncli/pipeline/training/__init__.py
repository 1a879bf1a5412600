"""Training a config into a run folder.

`train` tells the story; `planning` chooses executor and threads, `fitting` builds and trains, `saving` writes the
model and plots, `record` notes in run.json how it came about and ended, `stopwatch` how long each part took.
"""
