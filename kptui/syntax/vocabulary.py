"""What the parser has to know of extensions: their options, the values each takes, and which go together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol

from kptui.records import dataclass, field
from kptui.syntax.ast import Option

Options = Mapping[str, int]
"""Option names without dashes, each with the number of values it takes."""


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A kind of value: what is expected in words, and whether a text is one (given the address family).

    `portless` is the kind to use instead in a rule whose protocol has no ports, `negated` that after a `!`.
    `usual` is, by address family, a regular expression (without groups) of texts that surely fit, as iptables-save
    writes them: quotes included, without escapes. It is there for speed only.
    """

    expected: str
    fits: Callable[[str, int], bool]
    portless: Kind | None = None
    negated: Kind | None = None
    usual: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OptionSyntax:
    """One option: the kinds of its values, and whether `!`, a missing value or a second use of it are right."""

    name: str
    kinds: tuple[Kind, ...] = ()
    negatable: bool = False
    optional: bool = False
    repeatable: bool = False


Given = Option
"""An option as a rule gives it, for checks that look at several options at once."""


def anything(text: str, family: int) -> bool:
    """What fits a kind of value that any text is right for."""
    return True


Check = Callable[[Sequence[Given]], str | None]
"""What is wrong with the options of one extension taken together, None if nothing."""


class Declared(dict[str, int]):
    """An extension's options by every spelling, each with its number of values, and the rules for using them.

    Of each set in `needed` one option must be there, of each in `alone` at most one; `also` names what an option
    requires; `protocols`, `tables` and `hooks` are where the extension may be used, empty meaning anywhere.
    """

    def __init__(
        self,
        options: Mapping[str, OptionSyntax],
        needed: Iterable[frozenset[str]] = (),
        alone: Iterable[frozenset[str]] = (),
        also: Mapping[str, str] | None = None,
        protocols: frozenset[str] = frozenset(),
        tables: frozenset[str] = frozenset(),
        hooks: frozenset[str] = frozenset(),
        check: Check | None = None,
    ) -> None:
        """Keep the declaration; the mapping itself answers how many values an option takes at the least."""
        super().__init__({name: 0 if found.optional else len(found.kinds) for name, found in options.items()})
        self.syntax = options
        self.needed = tuple(needed)
        self.alone = tuple(alone)
        self.also = dict(also or {})
        self.protocols = protocols
        self.tables = tables
        self.hooks = hooks
        self.check = check


class Vocabulary(Protocol):
    """Declarations of the generic options, of matches and of targets; None for an extension nobody declared."""

    def __hash__(self) -> int:
        """Equal declarations share one parser."""

    def generic_options(self) -> Declared:
        """The options every rule may have, under their long names."""

    def protocol_match(self, name: str) -> str:
        """The match that `-p NAME` loads when one of its options is used; the name itself if there is none."""

    def match_options(self, name: str) -> Options | None:
        """The options of the match extension of that name."""

    def target_names(self) -> Collection[str]:
        """Every target that is declared."""

    def target_options(self, name: str) -> Options | None:
        """The options of the target of that name."""


def full_name(options: Options | None, name: str) -> str | None:
    """The declared spelling an option stands for: itself, or the one it is a prefix of, as getopt_long(3) has it."""
    if not options:
        return None
    if name in options:
        return name
    longer = [option for option in options if option.startswith(name)]
    if len(longer) > 1 and isinstance(options, Declared):
        # Two spellings of one option are no ambiguity.
        return longer[0] if len({options.syntax[option].name for option in longer}) == 1 else None
    return longer[0] if len(longer) == 1 else None


def arity(options: Options | None, name: str) -> int | None:
    """How many values the option takes; None where undeclared."""
    found = full_name(options, name)
    return None if found is None or options is None else options[found]


def canonical(options: Options | None, name: str) -> str:
    """The spelling that iptables-save uses; the given one where nobody declared the option."""
    found = full_name(options, name)
    if found is None:
        return name
    return options.syntax[found].name if isinstance(options, Declared) else found
