"""Search text as a row of tokens, and the words for what was found where it should not be."""

from __future__ import annotations

import re
from typing import NoReturn

from milepost.errors import Invalid

MAX_LENGTH = 32 * 1024  # characters of one filter or order_by text

# Possessive repeats (`++`) never look back, so that a text is read in linear time.
_TOKEN = re.compile(
    r"""
      (?P<path>     (?P<prefix> [^\W\d]\w*+ | `[^`]*+` ) \.
                    (?: (?P<quoted> `[^`]*+` | "[^"]*+" | '[^']*+' ) (?: \. (?P<field> \w++ ) )?
                      | (?P<plain> [\w./-]*+ ) ) )
    | (?P<word>     [^\W\d]\w*+ )
    | (?P<name>     `[^`]*+` )
    | (?P<string>   '(?: [^']++ | '' )*+' | "(?: [^"]++ | "" )*+" )
    | (?P<number>   -?+ (?: [0-9]++ (?: \.[0-9]*+ )?+ | \.[0-9]++ ) (?: [eE][-+]?[0-9]++ )?+
                    (?! [\w.] ) )
    | (?P<operator> [=<>!~]++ )
    | (?P<mark>     [(),] )
    | (?P<stray>    \S [\w.]*+ )
    | (?P<end>      \Z )
    """,
    re.VERBOSE,
)
_RESERVED = frozenset({"AND", "OR", "NOT", "IN", "IS", "LIKE", "ILIKE", "BETWEEN", "NULL"})

Token = re.Match[str]


def clip(text: str) -> str:
    """The text, short enough for an error message."""
    return text if len(text) <= 60 else text[:57] + "..."


class Cursor:
    """Stands before one token of a text and looks no further ahead.

    complaint: how a refusal begins when a token does not fit.
    """

    def __init__(self, text: str, complaint: str) -> None:
        if len(text) > MAX_LENGTH:
            raise Invalid(f"{complaint} {len(text)} characters, at most {MAX_LENGTH} are allowed")
        self._complaint = complaint
        self._tokens = _TOKEN.finditer(text)
        self.token = next(self._tokens)

    def at(self, *kinds: str) -> bool:
        """Whether the next token is one of these kinds."""
        return self.token.lastgroup in kinds

    def at_reserved(self) -> bool:
        """Whether the next token is a word of the language, which cannot be a key."""
        return self.token.group().upper() in _RESERVED

    def advance(self) -> Token:
        """The next token, left behind."""
        token, self.token = self.token, next(self._tokens, self.token)
        return token

    def take(self, word: str) -> bool:
        """Leave the next token behind if it is this word or mark, in any case."""
        taken = self.token.group().upper() == word
        if taken:
            self.advance()
        return taken

    def expect(self, word: str) -> None:
        """Leave behind the next token, which must be this word or mark."""
        if not self.take(word):
            self.unexpected(f"'{word}'")

    def unexpected(self, expected: str) -> NoReturn:
        """Refuse the next token."""
        text = self.token.group()
        found = f"'{clip(text)}'" if text else "the end"
        unclosed = " (a quote that is not closed)" if self.at("stray") and text[0] in "'\"`" else ""
        self.refuse(f"{self._complaint} {found}{unclosed}, expected {expected}", self.token)

    def refuse(self, message: str, token: Token) -> NoReturn:
        """Refuse the text because of this token."""
        raise Invalid(f"{message} (at character {token.start() + 1})")
