"""How every binary begins and ends: its own flags, a quick --help, quiet start-up, one line for what the user can mend.

A binary has a function `define` that returns its `FlagSet`, and a function `main` of the parsed flags. TensorFlow is
imported by what `main` calls, not by defining flags, so that --help and misspelt flags are answered at once.

Exit statuses: 0 done, 1 refused or failed, 130 and 143 interrupted.
"""

import inspect
import math
import os
import re
import sys
import textwrap
import traceback

from absl import flags

from experiments import interrupts
from experiments import quiet
from sanity_checks.runs import flag_file

os.environ["MPLBACKEND"] = "agg"        # figures are files; what a notebook or a desktop has set may not be there
WIDTH = 110                 # characters of a line of help
HELP = ("--help", "-help", "--helpshort", "--helpfull", "-h")
FLAGFILE = "flagfile"
EXHAUSTED = "ResourceExhaustedError"     # TensorFlow's MemoryError
_UNOPENED = re.compile(r"ERROR:: Unable to open flagfile: (?:\[Errno \d+\] )?(.*?): '(.*)'", re.DOTALL)       # absl's own words


class FlagSet:
    """The flags of one binary, in titled groups.

    Attributes:
        values: absl.flags.FlagValues, of this binary alone.
        groups: dict, title -> list of absl.flags.Flag.
    """

    def __init__(self):
        self.values, self.groups = flags.FlagValues(), {}
        self.add("Output", flags.DEFINE_enum, "verbosity", "info", list(quiet.VERBOSITY),
                 "What is logged; debug adds TensorFlow's messages and the traceback of an error.")

    def add(self, group, define, name, default, *arguments, **keywords):
        """Defines a flag with one of absl's DEFINE functions and lists it under a group's title."""
        define(name, default, *arguments, flag_values=self.values, **keywords)
        self.groups.setdefault(group, []).append(self.values[name])

    def parse(self, arguments):
        """Reads a command line's arguments (list of str, flagfiles included) and returns the values.

        Raises:
            ValueError: an unknown flag, a value of the wrong kind, or an argument that is no flag.
        """
        if any(argument.lstrip("-") == f"{FLAGFILE}=" for argument in arguments):
            raise ValueError(f"--{FLAGFILE}: expected a file, got nothing")
        try:
            left = self.values(["binary", *flag_file.relocated(arguments)], known_only=False)[1:]
        except flags.Error as error:
            unopened = _UNOPENED.fullmatch(str(error))
            raise ValueError(f"--{FLAGFILE}={unopened[2]}: cannot be read: {unopened[1]}" if unopened else str(error)) from error
        except (OSError, UnicodeDecodeError) as error:
            files = [argument for argument in arguments if FLAGFILE in argument]
            raise ValueError(f"{' '.join(files)}: cannot be read: {error}") from error
        if left:
            raise ValueError(self._stray(left[0], arguments))
        for name in self.names():
            self._mend(self.values[name])
        return self.values

    def _stray(self, word, arguments):
        """What is wrong with an argument that is no flag: the value of a bool, or another item of a list."""
        before = arguments[arguments.index(word) - 1] if word in arguments[1:] else ""
        name = before.lstrip("-").partition("=")[0]
        flag = self.values[name] if before.startswith("-") and name in self.values else None
        if flag is not None and flag.boolean:
            return f"{name}: expected --{name}={word.lower()} or --no{name}, found {word!r} as a word of its own"
        if isinstance(flag, flags.Flag) and isinstance(flag.parser, flags.ListParser):
            return f"{name}: expected a list with commas and no spaces, --{before.lstrip('-').rstrip(',')},{word}, found {word!r} as a word of its own"
        return f"expected flags alone, got {word!r}; write --flag=value, lists with commas"

    def _mend(self, flag):
        """Expands ~ at the beginning of a value; ValueError for one that cannot stand in a flagfile, or is not finite."""
        values = flag.value if isinstance(flag.value, list) else [flag.value]
        for value in values:
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"{flag.name}: expected a finite number, got {value}")
            if isinstance(value, str) and (value != value.strip() or len(value.splitlines()) > 1):
                raise ValueError(f"{flag.name}: {value!r} begins or ends with white space or has several lines, which a flagfile "
                                 f"cannot hold")
            if isinstance(value, str) and ("\0" in value or not _is_text(value)):
                raise ValueError(f"{flag.name}: {value!r} holds bytes that are not UTF-8 text, which a flagfile cannot hold")
        mended = [os.path.expanduser(value) if isinstance(value, str) and value.startswith("~") else value for value in values]
        if mended != values:
            flag.value = mended if isinstance(flag.value, list) else mended[0]

    def names(self):
        """Names of the flags: list of str."""
        return [flag.name for listed in self.groups.values() for flag in listed]

    def given(self, name):
        """Whether a flag was given a value, on the command line or in a flagfile."""
        return bool(self.values[name].present)

    def arguments(self, names):
        """The flags of these names that were given, as another command line has them: list of str."""
        return [self.values[name].serialize() for name in names if self.given(name)]

    def flagfile(self, without=()):
        """Text of a flagfile that gives all flags their present values, but for those named in `without`."""
        lines = [self.values[name].serialize() for name in sorted(self.names()) if name not in without]
        return "".join(f"{line}\n" for line in lines if line)

    def help(self, docstring):
        """The text of --help: what the binary does, its command, and its own flags by group."""
        parts = [inspect.cleandoc(docstring or ""), ""]
        for title, listed in sorted(self.groups.items(), key=lambda group: group[0] == "Output"):
            parts += [f"{title}:", *(_described(flag) for flag in listed), ""]
        parts.append("--flagfile=FILE reads further flags from a file, one a line; flags after it win.")
        return "\n".join(parts)


def run(main, define):
    """Runs a binary: parses its flags, calls `main` and ends the process.

    A ValueError or OSError (no such file, disk full ...) is printed as `error: <one line>`, arguments of the library
    by the names of their flags. Any other exception is a defect and passes through with its traceback.

    Args:
        main: function of the `FlagSet` that returns an exit status or None.
        define: function that returns the binary's `FlagSet`.
    """
    quiet.open_streams()
    interrupts.begin()
    found = define()
    if any(argument in HELP for argument in sys.argv[1:]):
        _print_whole(found.help(sys.modules["__main__"].__doc__))
        sys.exit(0)
    try:
        status = _status(main, found)
    except KeyboardInterrupt as interrupt:
        number = interrupts.number_of(interrupt)
        print(interrupts.line(number), file=sys.stderr)
        status = interrupts.STATUS + number
    interrupts.over()
    sys.exit(quiet.close_stdout() or status)


def _status(main, found):
    """What `main` returns; 1 after an error that the user can mend, which is printed."""
    try:
        quiet.begin(found.parse(sys.argv[1:]).verbosity)
        return main(found)
    except (ValueError, OSError, MemoryError) as error:
        told = error
    except Exception as error:
        if type(error).__name__ != EXHAUSTED:
            raise
        told = MemoryError(str(error).partition("\n")[0])
    if found.values["verbosity"].value == "debug":
        traceback.print_exception(told)
    print(f"error: {one_line(told, found)}", file=sys.stderr)
    return 1


def one_line(error, found):
    """An error's message in one line, the library's arguments turned into this binary's flags: str."""
    if isinstance(error, OSError) and error.strerror:
        return ": ".join(str(part) for part in (error.strerror, error.filename) if part)
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, MemoryError):
        text = f"out of memory ({text}); a lower batch_size needs less".replace("batch_size", "--batch_size" if "batch_size" in found.names()
                                                                                else "number of images")
    listed = "|".join(sorted(map(re.escape, found.names()), key=len, reverse=True))
    # an argument's name stands at the beginning of a message or of one of its parts, followed by a colon
    return re.sub(rf"(^|; |settings: )({listed})(?=(?:, (?:{listed}))*[:=])", r"\1--\2", text).replace(
        "another output_dir", "another --output_dir")


def _is_text(value):
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _described(flag):
    default = "" if flag.default_as_str is None else f" (default: {flag.default_as_str.strip(chr(39))})"
    text = textwrap.wrap(f"{flag.help}{default}", WIDTH - 6)
    return "\n".join([f"  --{flag.name}", *(f"      {line}" for line in text)])


def _print_whole(text):
    try:
        print(text)
        sys.stdout.flush()
    except BrokenPipeError:         # a pager that was left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
