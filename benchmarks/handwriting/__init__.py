"""Pictures of digits as people make them, drawn by the script benchmarks/ink.py.

`shapes` are digits as strokes of a pen, `pictures` puts them on paper under lamps and in files of many kinds.
"""
