"""Compares nncli with the tools it replaces: contenders in separate processes take turns; the result is a table.

The entry point is `benchmarks/run.py`. `rows` lists what is measured, `kinds` how each kind of row is measured;
`contest` runs the turns, `contenders` has one module per way to train or predict, `ratios` computes the ratios, and
`table` formats them.
"""
