"""One run: every case is sent, every answer looked at, and then the logs, the memory and the money."""

from __future__ import annotations

import queue
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.fuzz.backend_cases import BackendCases
from tests.fuzz.drafts import Case, Dice
from tests.fuzz.oracle import faults_of, faults_of_log, faults_of_money
from tests.fuzz.sandbox_cases import SandboxCases
from tests.fuzz.tokens import Purse
from tests.fuzz.town import Town
from tests.fuzz.words import Words
from tests.processes import command
from tests.raw_http import Exchange, exchange, hang_up

# Of a hundred cases, so many go to the sandbox. It is asked by one at a time, so that what breaks it is known.
SANDBOX_PERCENT = 30
CLIENTS = 6
# An honest player buys after so many cases.
_CASES_A_SALE = 250
# A worker may grow by so much, whatever it is sent: bodies that wait, and what Python does not give back.
GROWTH_MB = 120
_CLEAR = b"DELETE /_sandbox/%s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
_MOST_FAILURES = 20
# Of the attacked sandbox's ids; older ones are forgotten, so that few of the objects are met again and again.
_MOST_SEEN = 120
_ID = re.compile(rb'"((?:acct|ch|cus|dp|evt|pi|po|prod|re|tr|we)_[A-Za-z0-9]{8,})"')


@dataclass
class Report:
    """The work that was done. ``failures``: of each case that went wrong, how, and how to send it again."""

    cases: int = 0
    sales: int = 0
    refunds: dict[str, int] = field(default_factory=dict)
    statuses: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    before: dict[str, float] = field(default_factory=dict)
    after: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0


def target_of(seed: int, number: int) -> str:
    """The server that a case is for."""
    dice = Dice(f"{seed}/{number}/target")
    return "sandbox" if dice.often(SANDBOX_PERCENT) else str(dice.one("secret", "keys"))


def make_case(words: Words, purse: Purse, seed: int, number: int) -> Case:
    """The case of a number."""
    target, dice = target_of(seed, number), Dice(f"{seed}/{number}")
    if target == "sandbox":
        return SandboxCases(words).make(dice, number, target)
    return BackendCases(words, purse).make(dice, number, target)


class Fuzz:
    """The cases of one seed, in one town."""

    def __init__(self, town: Town, seed: int) -> None:
        self._town = town
        self._seed = seed
        self._lock = threading.Lock()
        self.report = Report()

    def case(self, number: int) -> Case:
        """The case of a number."""
        return make_case(self._town.words, self._town.purse, self._seed, number)

    def send(self, case: Case) -> Exchange:
        """Send a case and look at what is answered. Notes what is wrong."""
        port = self._town.ports[case.target]
        found = Exchange()
        try:
            if case.hangs_up:
                hang_up(port, case.sent)
            else:
                found = exchange(port, case.sent, case.methods)
            wrong = faults_of(case, found, self._town.words)
        except (TimeoutError, OSError) as error:
            wrong = [f"no answer: {error!r}"]
        with self._lock:
            self._count(case, found)
            self._note(case, wrong)
        return found

    def _count(self, case: Case, found: Exchange) -> None:
        self.report.cases += 1
        self.report.kinds[f"{case.target} {case.kind}"] += 1
        self.report.statuses.update(f"{case.target[:7]} {answer.status}" for answer in found.answers)
        for answer in found.answers:
            document = answer.json()
            if (
                case.target != "sandbox"
                and answer.status == 200
                and isinstance(document, dict)
                and "refund" in document
            ):
                self.report.refunds[document["refund"]["id"]] = document["refund"]["amount"]

    def _note(self, case: Case, wrong: list[str]) -> None:
        if wrong and len(self.report.failures) < _MOST_FAILURES:
            again = f"python -m tests.fuzz --seed {self._seed} --only {case.number}"
            sent = "".join(
                chr(byte) if 32 < byte < 127 and byte not in b"'\\%" else f"\\{byte:03o}" for byte in case.sent[:1_500]
            )
            more = "" if len(case.sent) <= 1_500 else f" (the first 1,500 of {len(case.sent)} bytes)"
            shown = f"printf '{sent}' | nc 127.0.0.1 {self._town.ports[case.target]}{more}"
            self.report.failures.append(
                "\n  ".join([f"case {case.number}, {case.kind}, to {case.target}", *wrong, again, shown])
            )

    def send_to_backends(self, numbers: Iterable[int]) -> None:
        """Send the cases for the backends, several at once, and sell meanwhile."""
        waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        for number in numbers:
            waiting.put(number)

        def work() -> None:
            while True:
                try:
                    number = waiting.get_nowait()
                except queue.Empty:
                    return
                self.send(self.case(number))
                if number % _CASES_A_SALE == 0:
                    self._town.buy()

        with ThreadPoolExecutor(CLIENTS) as pool:
            for future in [pool.submit(work) for _ in range(CLIENTS)]:
                future.result()

    def send_to_sandbox(self, numbers: Iterable[int]) -> None:
        """Send the cases for the sandbox, one after another. A fault that a case armed is taken away at once."""
        log = self._town.log("sandbox")
        for number in numbers:
            case = self.case(number)
            size = log.stat().st_size
            found = self.send(case)
            self._learn(found)
            for name in (b"faults", b"delivery_rules"):
                if name in case.sent or b"reset" in case.sent:
                    exchange(self._town.ports["sandbox"], _CLEAR % name, ["DELETE"])
            if log.stat().st_size != size:
                self._note(
                    case,
                    [f"after this case, or the one before it, the sandbox wrote: {log.read_text()[size:][-1_500:]}"],
                )

    def _learn(self, found: Exchange) -> None:
        """Keep the newest ids of each kind that the sandbox answered with."""
        seen = self._town.words.seen
        for answer in found.answers:
            if answer.status == 200:
                seen += [one.decode() for one in _ID.findall(answer.body)[:12]]
        del seen[:-_MOST_SEEN]

    def run(self, cases: int) -> Report:
        """Send so many cases, and look at everything."""
        report, began = self.report, time.monotonic()
        report.before = self._town.memory()
        numbers = range(cases)
        of_sandbox = [number for number in numbers if target_of(self._seed, number) == "sandbox"]
        of_backends = sorted(set(numbers) - set(of_sandbox))
        with ThreadPoolExecutor(2) as pool:
            for future in [
                pool.submit(self.send_to_backends, of_backends),
                pool.submit(self.send_to_sandbox, of_sandbox),
            ]:
                future.result()
        report.after = self._town.memory()
        report.seconds, report.sales = time.monotonic() - began, len(self._town.sales)
        self._look_at_everything()
        return report

    def _look_at_everything(self) -> None:
        town, report = self._town, self.report
        for name in town.ports:
            report.failures += faults_of_log(name, town.log(name).read_text(errors="replace"))
            if report.after[name] > report.before[name] + GROWTH_MB and name != "sandbox":
                report.failures.append(f"{name} grew from {report.before[name]:.0f} to {report.after[name]:.0f} MB")
        report.failures += faults_of_money(town.books, town.sales, report.refunds, at_rest=False)
        swept = command(sys.executable, "-m", "flask", "reconcile", folder=town.folder, **town.environment)
        if swept.returncode != 0:
            report.failures.append(
                f"the sweep ended with {swept.returncode}: {swept.stdout[-1_000:]}{swept.stderr[-1_000:]}"
            )
        report.failures += faults_of_money(town.books, town.sales, report.refunds, at_rest=True)
