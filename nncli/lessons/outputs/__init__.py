"""The output layer and its loss.

`output` is the table of what goes together, `softmax` the way from logits to probabilities, `loss` the cross-entropy
-log a, `logits` where float32 probabilities fail, `multilabel` several answers beside one of several;
`probabilities` is the arithmetic that they share.
"""
