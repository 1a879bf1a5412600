"""Configs written, fixed and explained: text out of configs, where `reading` makes configs out of text.

`writing` writes commented YAML, `origins` traces where each value comes from, `annotating` writes that, `fixing` mends
a file in place, `schema` is the JSON Schema for editors, `topics` what `nncli explain` lists (texts in `offers.yaml`).
"""
