"""`nncli data cache`."""

from nncli.console import Console, make_table


def show_cache(console: Console, *, clear: bool) -> None:
    """Lists what is cached, or removes it."""
    from nncli import pipeline

    content = pipeline.look_at_cache(clear=clear)
    table = make_table(["name", "kind", "size", "written"], content.rows, left=2)
    console.answer(content.to_mapping(), *([table, ""] if content.rows else []), content.summary)
