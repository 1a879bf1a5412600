"""`nncli schema`."""

from nncli.cli.command import command


def schema() -> None:
    """Print the JSON Schema of configs, for editors.

    \b
    Example: nncli schema > schema.json
    """
    with command() as console:
        from nncli import pipeline

        console.write(pipeline.schema_text())
