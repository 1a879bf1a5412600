"""What comes before training: `check`, `fix`, `init` and `inspect` (the command `data`).

`config_draft` and `sizing` decide what `init` writes, `samples` writes data to try commands on, `target_option` reads
`--target`; `images/` has what is for images alone.
"""
