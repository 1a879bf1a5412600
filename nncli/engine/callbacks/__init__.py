"""Keras callbacks of a training, in the order in which they follow each other.

`acting` keep the best weights, reduce the learning rate and average the weights, `reporting` tells listeners what they
left and waits where it is asked to, `frames` looks at the network now and then, `checkpoint` captures the state at the
end of an epoch and restores it.
"""
