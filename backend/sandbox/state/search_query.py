"""The query language of Search: `status:"succeeded" AND metadata["coach"]:"7" AND -amount<500`."""

import re
from dataclasses import dataclass
from typing import Any

from ..wire.errors import StripeError, invalid

NUMERIC = frozenset({"amount", "created"})
TOKEN = re.compile(
    r"""\s*(?P<minus>-)?(?P<field>[a-z_.]+)(?:\[(?P<quote>["'])(?P<key>.*?)(?P=quote)\])?
    (?P<op>:|~|>=|<=|>|<)
    (?:"(?P<double>(?:\\.|[^"\\])*)"|'(?P<single>(?:\\.|[^'\\])*)'|(?P<bare>[^\s"']+))""",
    re.VERBOSE,
)
NUMBER = re.compile(r"-?[0-9]{1,18}")
JOIN = re.compile(r"\s+(AND|OR)\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition."""

    field: str
    key: str | None
    op: str
    value: str | None
    negated: bool

    @property
    def is_exact(self) -> bool:
        """True if an index on values can answer it."""
        return self.op == ":" and self.value is not None and not self.negated

    @property
    def term(self) -> tuple[str, str]:
        """The path and value to look for in that index."""
        path = self.field if self.key is None else f"metadata.{self.key}"
        return path, self.word(self.value)

    @staticmethod
    def word(value: Any) -> str:
        """Values are compared as lower-case text."""
        return str(value).lower()

    def matches(self, state: dict[str, Any]) -> bool:
        """True if an object satisfies the condition."""
        found = state.get(self.field)
        if self.key is not None:
            found = (found or {}).get(self.key)
        return self._holds(found) != self.negated

    def _holds(self, found: Any) -> bool:
        if self.value is None:
            return found in (None, "")
        if found is None:
            return False
        if self.op == ":":
            return self.word(found) == self.word(self.value)
        if self.op == "~":
            return self.word(self.value) in self.word(found)
        number, bound = int(found), int(self.value)
        return {">": number > bound, ">=": number >= bound, "<": number < bound, "<=": number <= bound}[self.op]


@dataclass(frozen=True, slots=True)
class Query:
    """Conditions joined by AND, or by OR, never by both."""

    clauses: tuple[Clause, ...]
    any_of: bool

    def matches(self, state: dict[str, Any]) -> bool:
        """True if an object satisfies the query."""
        results = (clause.matches(state) for clause in self.clauses)
        return any(results) if self.any_of else all(results)


def parse(text: str, clauses_max: int | None = 10) -> Query:
    """The query in `text`, or Stripe's refusal. `clauses_max` is None where any number of conditions will do."""
    clauses, joins, position = [], set(), 0
    while True:
        token = TOKEN.match(text, position)
        if token is None:
            raise _unparseable(text)
        clauses.append(_clause(token))
        position = token.end()
        join = JOIN.match(text, position)
        if join is None:
            break
        joins.add(join.group(1).upper())
        position = join.end()
    if text[position:].strip():
        raise _unparseable(text)
    if clauses_max is not None and len(clauses) > clauses_max:
        raise invalid(f"A search query may combine up to {clauses_max} clauses.", "query")
    if len(joins) > 1:
        raise invalid("A search query may combine clauses with AND, or with OR, but not with both.", "query")
    return Query(tuple(clauses), joins == {"OR"})


def _clause(token: re.Match[str]) -> Clause:
    field, operator = token["field"], token["op"]
    quoted = token["double"] if token["double"] is not None else token["single"]
    value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else token["bare"]
    if (field == "metadata") != (token["key"] is not None):
        raise invalid('Metadata is searched as metadata["key"]:"value", other fields by their name alone.', "query")
    if operator in {">", ">=", "<", "<="} and (field not in NUMERIC or not NUMBER.fullmatch(value)):
        raise invalid(f"The operator {operator} needs a numeric field and a number.", "query")
    if operator == "~" and len(value) < 3:
        raise invalid("Substring search needs at least 3 characters.", "query")
    is_null = token["bare"] is not None and value == "null"
    return Clause(field, token["key"], operator, None if is_null else value, token["minus"] is not None)


def _unparseable(text: str) -> StripeError:
    return invalid(f"We were unable to parse your search query: {text[:200]}", "query")
