"""One module per way to do the work; `race(folder, baton, turns)` prepares, then does one piece of work per turn.

A contender imports what it needs inside `race`, so that its process loads nothing that only others need.
"""
