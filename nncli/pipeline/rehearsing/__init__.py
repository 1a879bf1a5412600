"""What is found out before a long training: `overfit` whether the network can learn one batch, `dry_run` whether all of
the training would work, how long it would take and what it needs. Neither leaves anything behind.
"""
