"""What is shown at the bottom of a terminal while work lasts, and disappears when it ends. Does not depend on runs or
models.

`bars` are progress bars that neither flicker nor break on a key pressed meanwhile, `echo` keeps such keys from the
screen, `panel` is what is told about a training around its bars, `pace` chooses the epochs that get a line.
"""
