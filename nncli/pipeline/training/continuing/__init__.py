"""How a training ends before its time and goes on.

`checkpoint` is its state on the disk, `stopping` what a training that is stopped leaves for others, `resume` goes on;
`pausing` waits between epochs.
"""
