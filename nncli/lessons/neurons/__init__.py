"""Neurons and how they learn.

`neuron` is the weighted sum and its activation, `logistic` one step of logistic regression by hand, `cost` the mean of
the losses, `gradient_descent` the path down the cost for several learning rates, `activations` the functions, their
slopes, and where these are 0; `functions` is the arithmetic that they share.
"""
