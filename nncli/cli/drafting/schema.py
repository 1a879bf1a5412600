"""`nncli schema`."""

from nncli.cli.command import command


def schema() -> None:
    """Print the JSON Schema of the config, for editors.

    Example: [bold]nncli schema > schema.json[/bold]
    """
    with command() as console:
        from nncli import pipeline

        console.write(pipeline.schema_text())
