"""Pictures of back-propagation.

`graph` draws a computation graph, `weights` the gradients of a network's weights, `file` makes a PNG or SVG of them.
"""
