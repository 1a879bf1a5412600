"""The workbench of `nncli serve`: networks built in the page, checked, trained and compared by the same functions.

`bench` is what the page asks (`nncli.serve.workbench.bench` says what that must be able to do), `sources` the data sets
on offer, `previews` some of their rows, `offers` the layers and options, `drafts` a network as values and as YAML,
`checking` what the rules and the script say about it, `process` the one training that runs, `watching` what that shows
of the network meanwhile, `results` what runs have come to.
"""
