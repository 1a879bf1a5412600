"""Configs written, mended and explained: text out of configs, where `reading` makes configs out of text.

`writing` writes commented YAML, `annotating` the resolved config with origins, `fixing` mends a file in place,
`schema` is the JSON Schema for editors, `topics` what `nncli explain` lists (texts in `offers.yaml`).
"""
