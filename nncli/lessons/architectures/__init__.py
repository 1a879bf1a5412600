"""How networks are built.

`layers` shows a network as matrix products, `convolution` one kernel over a digit, `attention` one head between the
rows of a digit.
"""
