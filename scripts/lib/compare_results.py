"""Compares what two binaries answer, byte for byte: compare_results.py OLD NEW [--stored DIR]. See scripts/compare-results."""

import argparse
import os
import pickle
import sys
import tempfile
import threading
import time

from compare import difference
from compare.recorder import PASSING, Trouble
from compare.session import Session

# Differences that are meant: the beginning of the request's name, the pointer (or None for all), and why.
EXPECTED = []


def expected(name, pointer):
    return next((reason for start, place, reason in EXPECTED if name.startswith(start) and place in (None, pointer)), None)


def recorded(source, folder, errors):
    """The recording of a binary, or one that was kept by --record."""
    try:
        with open(source, "rb") as file:
            is_program = file.read(4) == b"\x7fELF"
        if not is_program:
            with open(source, "rb") as file:
                return pickle.load(file)
        os.makedirs(folder)
        session = Session(source, folder)
        recording = session.run()
        missing = session.uncovered()
        if missing:
            session.troubles.append(f"no request of the list asks for {', '.join(missing)}")
        recording.troubles, recording.seconds = session.troubles, session.seconds
        return recording
    except Trouble as trouble:
        errors.append(str(trouble))
    except Exception as error:  # A thread must not end in silence.
        errors.append(f"{source}: {type(error).__name__}: {error}")
        raise


def both(old, new, folder):
    """The two recordings, made side by side."""
    found, errors = {}, []

    def make(name, source):
        found[name] = recorded(source, os.path.join(folder, name), errors)

    threads = [threading.Thread(target=make, args=pair) for pair in (("old", old), ("new", new))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise Trouble("; ".join(errors))
    return found["old"], found["new"]


def report(before, after):
    """Prints every difference; how many were not expected."""
    unexpected, known, follow, requests = 0, 0, 0, {}
    for name, pointer, one, two in difference.recordings(before, after):
        if expected(name, pointer):
            known += 1
            continue
        unexpected += 1
        if pointer == difference.GONE:
            follow += 1
            continue
        requests[name] = requests.get(name, 0) + 1
        if requests[name] == 1:
            print(f"\n{name}")
            asked = before.entries[name]["request"]
            if asked:
                print(f"  request  {difference.short(asked)}")
        if requests[name] <= difference.SHOWN:
            print(f"  {pointer or '(the whole)'}\n    before  {one}\n    after   {two}")
        elif requests[name] == difference.SHOWN + 1:
            print("  … and more")
    for start, _, reason in EXPECTED:
        print(f"  expected: {start}: {reason}")
    if follow:
        print(f"{follow} requests were {difference.GONE}")
    wrong = sum(1 for name in before.entries if name.startswith("wrong: "))
    print(f"{len(before.entries)} answers compared, {wrong} of them to wrong requests: "
          f"{unexpected} differences in {len(requests)} answers" + (f", {known} expected ones" if known else "") + ".")
    return unexpected


def main():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("old")
    parser.add_argument("new", nargs="?")
    parser.add_argument("--record")
    parser.add_argument("--stored")
    parser.add_argument("--slow", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="influenced.") as folder:
        try:
            start = time.monotonic()
            if options.record:
                errors = []
                recording = recorded(options.old, os.path.join(folder, "old"), errors)
                if errors:
                    raise Trouble("; ".join(errors))
                with open(options.record, "wb") as file:
                    pickle.dump(recording, file)
                return tell_troubles(recording)
            if options.stored:
                from compare import stored
                return 1 if stored.compare(options.old, options.new, options.stored, folder) else 0
            before, after = both(options.old, options.new, folder)
            print("  left out: " + "; ".join(reason for *_, reason in PASSING))
            bad = report(before, after) + tell_troubles(before)
            if options.slow:
                for name, seconds in sorted(before.seconds.items(), key=lambda pair: -pair[1])[:25]:
                    print(f"  {seconds:6.2f} s  {name}")
            print(f"  {time.monotonic() - start:.0f} s")
            return 1 if bad else 0
        except Trouble as trouble:
            print(f"compare-results: {trouble}", file=sys.stderr)
            return 1


def tell_troubles(recording):
    """Requests of the list that are no longer what the list says they are."""
    for trouble in recording.troubles:
        print(f"  the list: {trouble}")
    return len(recording.troubles)


if __name__ == "__main__":
    sys.exit(main())
