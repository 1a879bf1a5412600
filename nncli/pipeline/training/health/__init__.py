"""The health of a training: what is measured of the layers, when, and what follows from it.

`probing` measures on some rows after some of the epochs, `judging` says what is wrong in words, `sketch` shows the
layers over the epochs where a verdict is about them.
"""
