"""`nncli schema`."""

from nncli.cli.command import command
from nncli.cli.options import Quiet


def schema(quiet: Quiet = False) -> None:
    """Print the JSON Schema of configs, for editors.

    \b
    Example: nncli schema > schema.json
    """
    with command(quiet=quiet) as console:
        from nncli import pipeline

        console.write(pipeline.schema_text())
