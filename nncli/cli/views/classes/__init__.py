"""How the classes of an evaluation are shown, whether two or a thousand."""
