"""From a YAML file and `--set` to a validated config, each problem with file, line and column.

`document` parses YAML with the position of each value, `inheritance` applies `extends`, `overrides` applies `--set`,
`loading` does all of it; `problems` and `messages` turn pydantic's errors into lines, `spelling` suggests names,
`shipped` finds the configs that come with nncli, `mistaken` says what somebody named instead of one. Reads no data.
"""
