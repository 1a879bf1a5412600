"""Splits a batch into parts that run in parallel on the cores of a CPU, with a single update for the whole batch.

`dividing` runs a model that way, `convolution` and `dropout` are its own versions of those layers, `part_count` decides
into how many parts. Does not depend on epochs.
"""
