"""Finds where a training diverged: the batch, and the first layer with values that are not finite.

`watch` looks at a training between its chunks and keeps a state to go back to, which `snapshots` copies; `replay`
repeats the batches since then in the same compiled program until it has the one; `layers` repeats that one step by
step outside of it; `telling` makes a sentence of what was found. Nothing here depends on how batches are run.
"""
