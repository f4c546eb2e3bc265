"""The entry of a user's class or function, from its signature: it has no closed forms, and no limits but what
its arguments need."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from attnprof.catalogue.description import Description
from attnprof.catalogue.entry import GATE, NOTHING, Entry
from attnprof.catalogue.signature import Signature, signature_of
from attnprof.catalogue.signature_words import in_code, in_words, refusal, remarks
from attnprof.catalogue.values import Value
from attnprof.errors import UsageError, nearest
from attnprof.grid import Point


@dataclass(frozen=True, kw_only=True)
class UserEntry(Entry):
    """A user's module. Every argument of it can be set, those that stand for the channels too."""

    signature: Signature

    @property
    def arguments(self) -> list[str]:
        """The names of all its arguments."""
        return list(self.signature.named)

    def takes(self, name: str) -> bool:
        """Whether there is a setting ``name``."""
        return super().takes(name) or self.signature.takes_any or name in self.signature.named

    def takes_text(self, name: str) -> bool:
        """Whether the argument declares that it is a text."""
        return self.signature.is_text(name)

    def settings(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """As of any entry; what is set besides the hyperparameters is with them."""
        for name in changes:
            if not self.takes(name):
                hint = nearest(name, self.arguments) or f"It has: {', '.join(self.arguments) or 'none'}."
                raise UsageError(f"{self.key} has no argument {name!r}. {hint}")
        return {**self.hyperparameters, **changes}

    def changes(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """As of any entry; what has a role or no default is a change wherever it is set."""
        defaults = {**self.switches, **self.hyperparameters}
        return {
            name: value
            for name, value in sorted(self.settings(settings).items())
            if name not in defaults or (type(value), value) != (type(defaults[name]), defaults[name])
        }

    def needs_size(self, settings: Mapping[str, Any] = NOTHING) -> bool:
        """Whether the module with these settings is built for one map size."""
        return self.signature.needs_size(self._arguments(settings))

    def refusal(
        self,
        channels: int,
        height: int,
        width: int,
        settings: Mapping[str, Any] = NOTHING,
        *,
        batch: int = 1,
        train: bool = False,
    ) -> str | None:
        """Which arguments have to be set, and how; None where the rest is the constructor's to say."""
        return refusal(self.key, self.signature, channels, self._arguments(settings))

    def typed(self, name: str, value: Value) -> Value:
        """``value`` as the argument ``name`` declares it. Raises UsageError."""
        if name in self.switches:
            return super().typed(name, value)
        try:
            return self.signature.typed(name, value)
        except UsageError as problem:
            raise UsageError(f"{self.key}: {problem}") from None

    def build(self, constructor: Callable[..., Any], size: Point, settings: Mapping[str, Any]) -> Any:
        """The module for a map of ``size``. Raises what the constructor raises."""
        first: Exception | None = None
        for call in self.signature.calls(size, self._arguments(settings)):
            try:
                module = constructor(*call.positional, **call.named)
            except Exception as problem:  # noqa: BLE001 # the next way of building it may be the right one
                first = first or problem
            else:
                return module
        assert first is not None
        raise first

    def remarks(self, size: Point, settings: Mapping[str, Any]) -> tuple[str, ...]:
        """What a reader of its figures has to know of how it was built."""
        return tuple(remarks(self.signature, size, self._arguments(settings)))

    def arguments_in_words(self) -> list[str]:
        """A line for each argument of the constructor, and what the symbols in them are."""
        lines = [f"{name} = {text}" for name, text in in_words(self.signature).items()]
        symbols = ["at C channels and a map of H x W; every argument can be set"]
        return [*lines, *(symbols if self.signature.roles else [])]

    def arguments_in_code(
        self, settings: Mapping[str, Any], channels: str, height: str, width: str
    ) -> list[str]:
        """The arguments of the constructor's call, in these names of variables."""
        return in_code(self.signature, self._arguments(settings), channels, height, width)

    def _arguments(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """What the constructor gets of ``settings``: the changes, without switches."""
        changes = self.changes(settings)
        return {name: value for name, value in changes.items() if name not in self.switches}


def user_entry(name: str, class_name: str, description: Description) -> UserEntry:
    """The entry of the class or function at the location ``name``. Raises UsageError."""
    if description.arguments is None:
        raise UsageError(f"{name}: its arguments cannot be read")
    signature = signature_of(description)
    return UserEntry(
        key=name,
        class_name=class_name,
        name=class_name,
        doc=description.doc,
        paper=None,
        code="",
        family="",
        place="after",
        hyperparameters=signature.hyperparameters,
        sized="False",
        params_formula="",
        macs_formula="",
        switches={} if GATE in signature.named else {GATE: False},
        signature=signature,
        roots=description.roots,
    )
