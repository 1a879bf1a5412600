"""Runs as models that answer requests: `serve` tells the story, `answering` makes a run a model, `watching` finds the
run that takes its place, and `looking` is what only the page asks for; in `workbench/` networks are
built and trained."""
