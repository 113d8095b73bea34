"""The one exception that rendering may raise for something outside the program."""


class RenderError(Exception):
    """The report cannot be laid out: a refused logo, colour, chart or fetch. Says which."""
