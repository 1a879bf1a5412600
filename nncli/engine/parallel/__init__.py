"""A batch divided into parts that run side by side on the cores of a CPU, with the update of the whole batch.

`dividing` runs a model that way, `convolution` and `dropout` are its own versions of those layers, `part_count` decides
into how many parts. Does not depend on epochs.
"""
