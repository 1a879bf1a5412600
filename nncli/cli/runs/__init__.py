"""`nncli runs` and its commands.

`commands` puts them together; `list` is `nncli runs` itself, `show`, `diff`, `export` and `remove` (`rm` and `prune`)
the others; `table` lays a table of runs out, `details` what show and diff answer.
"""
