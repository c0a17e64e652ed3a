"""Bytes over a network that fails: tried again, resumed where they were cut, and counted against what the server announced."""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from .. import __version__
from ..errors import InputError, OutputError
from ..units import format_count, format_number

MOST_BYTES = 2_000_000_000
PIECE = 1 << 16
# Seconds: before the first new try, between tries at most, and what a server may ask for at most.
FIRST_WAIT, LONGEST_WAIT, LONGEST_ASKED = 0.5, 60.0, 600.0
PASSING = {408, 425, 429, 500, 502, 503, 504}

# Called with the bytes that have come and, where the server says it, how many there are.
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Web:
    """How the network is used: seconds without a byte that end a try, how to wait, whom to tell of a new try, and an opener of one's own."""

    timeout: float = 30.0
    sleep: Callable[[float], None] = time.sleep
    tell: Callable[[str], None] = lambda line: None
    opener: urllib.request.OpenerDirector | None = None


class _Failed(Exception):
    """A try that failed in a way that another may mend; the server may have said how many seconds to wait."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


@dataclass(frozen=True)
class Part:
    """A download in the making, beside its target: the bytes so far and, in `.json`, what they are bytes of."""

    path: Path
    url: str

    @property
    def notes_path(self) -> Path:
        return Path(f"{self.path}.json")

    @property
    def n_bytes(self) -> int:
        return self.path.stat().st_size if self.path.is_file() else 0

    def notes(self) -> dict:
        """Give what was noted of a part that can be resumed (`validator`, and `n_bytes` of the whole or None); empty where it cannot."""
        try:
            noted = json.loads(self.notes_path.read_text(encoding="utf-8"))
            fits = noted["url"] == self.url and isinstance(noted["validator"], str) and isinstance(noted["n_bytes"], int | None)
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        return noted if fits and self.n_bytes else {}

    def note(self, validator: str | None, n_bytes: int | None) -> None:
        """Note what the bytes are; nothing without a validator, since then a change of the file between two tries would not be seen."""
        if validator is None:
            self.notes_path.unlink(missing_ok=True)
        else:
            self.notes_path.write_text(json.dumps({"url": self.url, "validator": validator, "n_bytes": n_bytes}), encoding="utf-8")

    def remove(self) -> None:
        for path in (self.path, self.notes_path):
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def left(self) -> str:
        """Say what is left for the next run."""
        if not self.notes():
            return "nothing of it was kept"
        return f"the {format_count(self.n_bytes)} bytes that came stay in {self.path.name!r}, and the same command goes on from there"

    def error(self, problem: str) -> InputError:
        """Word what went wrong, what is left of it, and the ways out."""
        return InputError(f"{self.url}: {problem}; {self.left()}. Try again later, or download it by hand from that address")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say in one line what could not be written."""
    try:
        yield
    except OutputError:
        raise
    except OSError as problem:
        reason = (problem.strerror or type(problem).__name__).lower()
        raise OutputError(f"cannot write {path.name!r}: {reason}; nothing was changed there. Free space, or name another folder with --to") from problem


def download(part: Part, *, retries: int, web: Web, progress: Progress) -> None:
    """Fill a part from its address; after a failure it stays only where it can be resumed.

    Raises
    ------
    InputError
        If the server does not give the file, after that many new tries where another may help.
    OutputError
        If it cannot be written.
    """
    if not _may_ask(part.url, from_loopback=True):
        raise InputError(f"{part.url!r} is no https address: nothing is fetched from it")
    try:
        _until_whole(part, retries, web, progress)
    except BaseException as problem:
        if isinstance(problem, OutputError) or not part.notes():
            part.remove()
        elif isinstance(problem, KeyboardInterrupt):
            web.tell(part.left())
        raise


def _until_whole(part: Part, retries: int, web: Web, progress: Progress) -> None:
    opener, waits = web.opener or _opener(), _waits(part.url)
    for tries in range(1, retries + 2):
        try:
            return _one_try(part, opener, web.timeout, progress)
        except _Failed as failure:
            if tries > retries or failure.wait > LONGEST_ASKED:
                raise part.error(f"{failure} (tried {'once' if tries == 1 else f'{tries} times'})") from failure
            wait = max(next(waits), failure.wait)
            web.tell(f"{failure}; trying again in {format_number(wait, 1)} s")
            web.sleep(wait)


def _waits(url: str) -> Iterator[float]:
    """Double the wait each time, and shorten it at random by up to half: from the address, so that the same run waits the same."""
    jitter, wait = random.Random(url), FIRST_WAIT
    while True:
        yield wait * jitter.uniform(0.5, 1)
        wait = min(2 * wait, LONGEST_WAIT)


def _one_try(part: Part, opener: urllib.request.OpenerDirector, timeout: float, progress: Progress) -> None:
    notes = part.notes()
    start = part.n_bytes if notes else 0
    with closing(_ask(part.url, opener, timeout, start, notes)) as response:
        if response.status == 416 and start:
            return _settle_416(response, part, notes)
        _refuse(response, part)
        announced = _announced(response)
        if response.status == 206:
            total = _total_of_range(response, part, start, notes)
        else:
            start, total = 0, announced
            with writing(part.path):
                part.path.unlink(missing_ok=True)
                part.note(_validator(response), total)
        if (total or 0) > MOST_BYTES:
            raise _too_big(part)
        _receive(_pieces(response, announced), part, (start, None if announced is None else start + announced, total), progress)


def _ask(url: str, opener: urllib.request.OpenerDirector, timeout: float, start: int, notes: dict) -> http.client.HTTPResponse | urllib.error.HTTPError:
    headers = {"User-Agent": f"survival-nodes/{__version__}", "Accept": "*/*"}
    if start:
        headers |= {"Range": f"bytes={start}-", "If-Range": notes["validator"]}
    try:
        return opener.open(urllib.request.Request(url, headers=headers), timeout=timeout)
    except urllib.error.HTTPError as answer:
        return answer
    except (OSError, http.client.HTTPException) as problem:
        raise _Failed(_reason(problem)) from problem


def _refuse(response: http.client.HTTPResponse | urllib.error.HTTPError, part: Part) -> None:
    """Stop at an answer that is not the file: for good, or until the next try."""
    answered = f"the server answered {response.status} {response.reason}".strip()
    if response.status in PASSING:
        asked = _asked_wait(response)
        raise _Failed(answered + (f" and asks to wait {format_number(asked, 0)} s" if asked else ""), asked)
    if response.status not in (200, 206):
        raise part.error(answered)
    if response.headers.get_content_type() == "text/html":
        raise part.error("the server answered with a web page instead of the file")


def _asked_wait(response: http.client.HTTPResponse | urllib.error.HTTPError) -> float:
    """Give the seconds of a Retry-After: a number, or a date."""
    asked = response.headers.get("Retry-After", "").strip()
    if asked.isdecimal():
        return float(asked)
    try:
        until = parsedate_to_datetime(asked)
        return max(0.0, (until - datetime.now(until.tzinfo)).total_seconds())
    except (TypeError, ValueError):
        return 0.0


def _announced(response: http.client.HTTPResponse) -> int | None:
    length = response.headers.get("Content-Length", "").strip()
    return int(length) if length.isdecimal() and not response.chunked else None


def _validator(response: http.client.HTTPResponse | urllib.error.HTTPError) -> str | None:
    """Give what tells two states of a file apart; a weak ETag does not promise the same bytes."""
    tag = response.headers.get("ETag", "").strip()
    return tag if tag.startswith('"') else response.headers.get("Last-Modified")


def _total_of_range(response: http.client.HTTPResponse, part: Part, start: int, notes: dict) -> int | None:
    """Give the size of the whole file, if what comes is the rest of the same file."""
    place = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", "").strip())
    total = int(place[2]) if place and place[2] != "*" else None
    noted = notes.get("n_bytes")
    same_file = _validator(response) in (None, notes.get("validator")) and (total is None or noted is None or total == noted)
    if not place or int(place[1]) != start or not same_file:
        part.remove()
        raise _Failed("the file changed at its home between two tries")
    return noted if total is None else total


def _settle_416(response: http.client.HTTPResponse | urllib.error.HTTPError, part: Part, notes: dict) -> None:
    """No bytes after those we have: they are all, if the server says so and said so before; else it begins again."""
    total = response.headers.get("Content-Range", "").strip()
    if total != f"bytes */{part.n_bytes}" or notes["n_bytes"] not in (None, part.n_bytes):
        part.remove()
        raise _Failed("what was kept no longer fits the file at its home")


def _pieces(response: http.client.HTTPResponse, announced: int | None) -> Iterator[bytes]:
    """Give the bytes as they come. A length announced too small must be seen, so the reading goes to the end of the connection."""
    response.length = None
    came = 0
    while True:
        try:
            piece = response.read1(PIECE)
        except TimeoutError as problem:
            if came == announced:
                return  # all is here, and the server only holds the connection open
            raise _Failed(_reason(problem)) from problem
        except (OSError, http.client.HTTPException) as problem:
            raise _Failed(_reason(problem)) from problem
        if not piece:
            return
        came += len(piece)
        yield piece


def _receive(pieces: Iterator[bytes], part: Part, places: tuple[int, int | None, int | None], progress: Progress) -> None:
    """Write the pieces from the first of the places on; the others are where the answer and the file end, by what the server said."""
    done, *ends = places
    said = [end for end in ends if end is not None]
    with writing(part.path), open(part.path, "ab") as stream:
        for piece in pieces:
            done += len(piece)
            if said and done > min(said):
                break
            if done > MOST_BYTES:
                raise _too_big(part)
            stream.write(piece)
            progress(done, ends[1])
        stream.flush()
        os.fsync(stream.fileno())
    if said and done > min(said):
        part.remove()
        raise _Failed(f"the server announced {format_count(min(said))} bytes and sent more")
    if said and done < max(said):
        raise _Failed(f"the connection ended after {format_count(done)} of {format_count(max(said))} bytes")


def _too_big(part: Part) -> InputError:
    part.remove()
    return part.error(f"it is larger than {format_count(MOST_BYTES)} bytes, which is no cohort")


def _reason(problem: BaseException) -> str:
    inner = problem.reason if isinstance(problem, urllib.error.URLError) else problem
    if isinstance(inner, TimeoutError):
        return "the server stopped answering"
    if isinstance(inner, http.client.HTTPException | ConnectionResetError):
        return "the connection was cut"
    words = getattr(inner, "verify_message", None) or getattr(inner, "strerror", None) or str(inner)
    return f"the server could not be reached ({words})"


def _loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _may_ask(url: str, from_loopback: bool) -> bool:
    """Only https, and this machine itself."""
    scheme = urlsplit(url).scheme
    return scheme == "https" or (scheme == "http" and from_loopback and _loopback(url))


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follow a server to https addresses only."""

    def redirect_request(self, req, fp, code, msg, headers, newurl) -> urllib.request.Request | None:
        if not _may_ask(newurl, from_loopback=_loopback(req.full_url)):
            fp.close()
            raise InputError(f"{req.full_url}: the server sends on to {newurl!r}, which is no https address: nothing was fetched. Download it by hand")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _Proxies(urllib.request.ProxyHandler):
    """Use the proxies of the environment, but not to reach this machine itself."""

    def proxy_open(self, req, proxy, scheme) -> object:
        return None if _loopback(req.full_url) else super().proxy_open(req, proxy, scheme)


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_Redirects, _Proxies)
