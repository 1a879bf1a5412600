"""What a training is like inside, seen without changing it.

`probe` measures the layers of a network on a fixed batch, `health` is the callback that does so epoch by epoch,
`range_test` tries learning rates.
"""
