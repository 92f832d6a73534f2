"""Shows texts that came out of files (names, licences, recipes, comments) without letting them steer a terminal."""


def printable(text: str) -> str:
    r"""Writes every letter of `text` that is not shown as itself as an escape.

    That is: control characters, line ends, marks that turn the direction of reading, and halves of a letter.

    >>> print(printable("Zoë\x1b[31m\nerror"))
    Zoë\x1b[31m\nerror
    """
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii") for letter in text
    )
