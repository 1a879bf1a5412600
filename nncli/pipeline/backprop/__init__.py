"""The story of `nncli explain backprop`.

`explaining` has the lesson on an expression and its exercises, `network` the network of a config on one row of its
data, `picture` what is drawn and the files that are written.
"""
