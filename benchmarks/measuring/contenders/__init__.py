"""One module for each way to do the work; `race(task, baton)` prepares it, then does one piece in each turn.

A contender imports what it needs inside `race`, so that its process holds nothing of the others.
"""
