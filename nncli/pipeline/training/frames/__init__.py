"""Watching a network learn: `nncli train --show weights` and `--show boundary`.

`request` says what is asked for and after which epochs a frame is taken, `boundary` and `weights` what a frame is and
how it is drawn, `filming` takes them while a training runs and writes them into its folder, `live` for a page.
"""
