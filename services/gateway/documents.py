"""Documents, parsed and validated once: a bounded cache by their text."""

from collections import OrderedDict
from typing import Any, Final

from graphql import (
    ArgumentNode,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    Token,
    TokenKind,
    ValidationContext,
    ValuesOfCorrectTypeRule,
    parse,
    specified_rules,
    validate,
)

from services.gateway.errors import Code, sentence
from services.gateway.limits import MOST_COMMENTS, MOST_TOKENS, check_shape
from services.gateway.requests import MOST_LEVELS, TOO_DEEP
from shared.errors import Invalid
from shared.text import check_text

MOST_DOCUMENTS: Final = 1_000
MOST_CHARACTERS: Final = 2_000_000
MOST_CACHED_LENGTH: Final = 20_000
MOST_ERRORS: Final = 20
_OPENING: Final = {TokenKind.BRACE_L, TokenKind.BRACKET_L}
_CLOSING: Final = {TokenKind.BRACE_R, TokenKind.BRACKET_R}
_STRINGS: Final = {TokenKind.STRING, TokenKind.BLOCK_STRING}


class _ValuesRule(ValuesOfCorrectTypeRule):
    """The rule about literal values, which also tells the argument of which one is wrong."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self._argument: ArgumentNode | None = None

    def enter_argument(self, node: ArgumentNode, *_args: Any) -> None:
        """Note in which argument the values are that follow."""
        self._argument = node

    def leave_argument(self, *_args: Any) -> None:
        """Note that they are in none."""
        self._argument = None

    def report_error(self, error: GraphQLError) -> None:
        """Tell an error with the name of its argument, in the words in which one of a variable is told."""
        if self._argument:
            named = f"Argument '{self._argument.name.value}' has invalid value: {error.message}"
            error = GraphQLError(named, error.nodes or self._argument)
        super().report_error(error)


_RULES: Final = [_ValuesRule if rule is ValuesOfCorrectTypeRule else rule for rule in specified_rules]


class Refused(Exception):
    """A document that is not executed: what is wrong with it, and the code of its errors."""

    def __init__(self, errors: list[GraphQLError], code: Code) -> None:
        super().__init__(code)
        self.errors = errors
        self.code = code


class Documents:
    """The documents of one schema.

    Documents with literal strings are not kept: they rarely come again and may hold a password.
    """

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._kept: OrderedDict[str, DocumentNode] = OrderedDict()
        self._characters = 0

    def __len__(self) -> int:
        return len(self._kept)

    def prepare(self, text: str) -> DocumentNode:
        """Return the valid document of `text`; raise Refused if it does not parse, is too much or is not valid."""
        known = self._kept.get(text)
        if known is not None:
            self._kept.move_to_end(text)
            return known
        document = _parse(text)
        literals = _check_literals(document)
        _check_levels(document)
        try:
            check_shape(self._schema, document)
        except GraphQLError as error:
            raise Refused([error], Code.BAD_USER_INPUT) from None
        errors = validate(self._schema, document, _RULES, max_errors=MOST_ERRORS)
        if errors:
            raise Refused(errors, Code.VALIDATION_FAILED)
        if not literals:
            self._keep(text, document)
        return document

    def _keep(self, text: str, document: DocumentNode) -> None:
        if len(text) > MOST_CACHED_LENGTH:
            return
        self._kept[text] = document
        self._characters += len(text)
        while len(self._kept) > MOST_DOCUMENTS or self._characters > MOST_CHARACTERS:
            oldest, _ = self._kept.popitem(last=False)
            self._characters -= len(oldest)


def _parse(text: str) -> DocumentNode:
    try:
        return parse(text, max_lexical_tokens=MOST_TOKENS, max_comments=MOST_COMMENTS)
    except GraphQLError as error:
        too_much = "Parsing aborted" in error.message
        raise Refused([error], Code.BAD_USER_INPUT if too_much else Code.PARSE_FAILED) from None


def _check_literals(document: DocumentNode) -> bool:
    """Say whether the document holds literal strings; refuse those that can't be stored."""
    found = False
    token: Token | None = document.loc.start_token if document.loc else None
    while token is not None:
        if token.kind in _STRINGS:
            found = True
            try:
                check_text(token.value or "")
            except Invalid as error:
                raise Refused([GraphQLError(sentence(error.text))], Code.BAD_USER_INPUT) from None
        token = token.next
    return found


def _check_levels(document: DocumentNode) -> None:
    """Refuse a document with a value that is nested too deeply; values stand in parentheses, selections never do."""
    inside = levels = 0
    token: Token | None = document.loc.start_token if document.loc else None
    while token is not None:
        inside += (token.kind is TokenKind.PAREN_L) - (token.kind is TokenKind.PAREN_R)
        if inside:
            levels += (token.kind in _OPENING) - (token.kind in _CLOSING)
        if levels > MOST_LEVELS:
            raise Refused([GraphQLError(TOO_DEEP)], Code.BAD_USER_INPUT)
        token = token.next
