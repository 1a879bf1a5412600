"""Examples that do not fit into memory, read in windows while the network learns from the one before.

`windows` decides which rows are together in a window, and in which order; `reading` copies them from arrays in files;
`prefetching` reads the next window in a thread; `windowed_pass` runs the compiled loop over one window after another.
"""
