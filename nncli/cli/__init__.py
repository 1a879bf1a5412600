"""The commands: one file each with a signature, a help text that can be pasted, and a call of the pipeline."""

from nncli.cli.app import app, main

__all__ = ["app", "main"]
