"""Listing, showing, comparing and removing runs; reads their JSON files and configs, never a model.

`values` takes what JSON files hold for what it should be, `keys` flattens nested values and looks dotted keys up,
`rows` makes a row of a run, `selecting` sorts and filters rows, `details` tells all of one run, `differences` what
differs between two, `removing` removes runs.
"""
