"""nncli measured beside what it replaces: contenders in processes of their own that take turns, and the table of it.

The door is `benchmarks/run.py`. `rows` says what is measured, `contest` who takes turns and how, `contenders` hold one
training or prediction each, `commands` the whole commands, `ratios` the arithmetic, `table` the result for people.
"""
