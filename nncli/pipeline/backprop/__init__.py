"""The story of `nncli explain backprop`: an expression, an exercise on one, or the network of a config on one row."""
