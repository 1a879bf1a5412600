"""`nncli configs`."""

from nncli.cli.command import command
from nncli.cli.options import Json, Quiet


def configs(quiet: Quiet = False, json_mode: Json = False) -> None:
    """List the configs that come with nncli.

    \b
    Example: nncli configs
    """
    with command(json_mode=json_mode, quiet=quiet) as console:
        from nncli import pipeline
        from nncli.cli.views.network import show_configs

        show_configs(console, pipeline.list_configs())
