"""The branches of a module that its functions have taken: both ways out of each conditional jump of its bytecode."""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from types import CodeType, FrameType, ModuleType
from typing import Any

from tests.model.rules import Rules

Jump = tuple[CodeType, int]


@dataclass
class Branches:
    """Counts what runs in one module."""

    module: ModuleType
    _taken: dict[Jump, set[int]] = field(default_factory=dict)

    def watched(self, rules: Rules) -> Rules:
        """The rules with each function of the domain watched."""
        names = ("next_step", "part_of", "is_open", "stands_in_the_way", "first_generation", "judge")
        functions: dict[str, Any] = {name: self._watch(getattr(rules, name)) for name in names}
        return replace(rules, **functions)

    def missed(self) -> list[str]:
        """The lines of conditional jumps of which one way was never taken."""
        missed = []
        for code in _codes(self.module):
            line = code.co_firstlineno
            for step in dis.get_instructions(code):
                line = step.starts_line or line
                if (
                    step.opcode in dis.hasjrel
                    and ("IF" in step.opname)
                    and len(self._taken.get((code, step.offset), ())) < 2
                ):
                    missed.append(f"{code.co_qualname}, line {line}")
        return sorted(set(missed))

    def _watch(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*given: Any) -> Any:
            before = sys.gettrace()
            sys.settrace(self._enter)
            try:
                return function(*given)
            finally:
                sys.settrace(before)

        return watched

    def _enter(self, frame: FrameType, _event: str, _argument: Any) -> Callable[..., Any] | None:
        if frame.f_code.co_filename != self.module.__file__:
            return None
        frame.f_trace_opcodes = True
        last: list[int] = []

        def step(frame: FrameType, event: str, _argument: Any) -> Callable[..., Any]:
            if event == "opcode":
                if last:
                    self._taken.setdefault((frame.f_code, last[0]), set()).add(frame.f_lasti)
                last[:] = [frame.f_lasti]
            return step

        return step


def _codes(module: ModuleType) -> Iterator[CodeType]:
    """Every function of a module, methods and inner ones included, but for what a dataclass generates."""
    found: list[Any] = [value for value in vars(module).values() if getattr(value, "__module__", "") == module.__name__]
    methods = [member for one in found if isinstance(one, type) for member in vars(one).values()]
    functions = [getattr(one, "fget", one) for one in (*found, *methods)]
    waiting = [one.__code__ for one in functions if hasattr(one, "__code__")]
    while waiting:
        code = waiting.pop()
        if code.co_filename == module.__file__:
            yield code
            waiting += [one for one in code.co_consts if isinstance(one, CodeType)]
