"""The functions that write calls of a trace, by the names of ATen's operations."""


class Unsupported(Exception):
    """Calls of a trace that cannot be written: each with the path of its module, and the line that makes the call."""

    def __init__(self, calls):
        self.calls = calls
        super().__init__("; ".join(described(*call) for call in calls))


def described(name, place, line):
    return f"{name} at {place} ({line})" if line else f"{name} at {place}"


class Missing(Exception):
    """The service, or this program, has nothing for a call. The text names what is missing."""


# A writer takes the `Writer` of the trace and a call.
WRITERS = {}


def writes(*names):
    """Registers a function as the writer of operations and of their in-place forms."""

    def register(write):
        for name in names:
            WRITERS[name] = write
            WRITERS[name + "_"] = write
        return write

    return register


def arguments(call):
    """The arguments of a call by the names of its schema."""
    schema = call.target._schema.arguments
    given = dict(zip([argument.name for argument in schema], call.args))
    given.update(call.kwargs)
    for argument in schema:
        if argument.name not in given:
            given[argument.name] = argument.default_value if argument.has_default_value() else None
    return given


def one_or_pair(numbers):
    """A list of equal numbers as one number."""
    numbers = [numbers] if isinstance(numbers, int) else list(numbers)
    return numbers[0] if len(set(numbers)) == 1 else numbers
