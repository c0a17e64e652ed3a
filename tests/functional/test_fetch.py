"""Does a user's own copy of a public file arrive whole, or not at all, whatever the server does? Every server here is on loopback."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import os
import re
import socket
import struct
import threading
import time
import zipfile
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice

import pytest

from survival_nodes import cli
from survival_nodes.data_files import data_file
from survival_nodes.errors import DataWarning, InputError, OutputError, UsageError
from survival_nodes.sources import fetching, fetching_download
from survival_nodes.sources.fetching import PublicFile, Version, fetch, fetch_file, public_file, public_files
from survival_nodes.sources.fetching_download import Web
from survival_nodes.units import format_count

# The readers of the plan, also those whose module is still to come.
READERS = {
    "own-file", "seer-stat", "seer-fixed-width", "ncdb-puf", "naaccr", "cbioportal", "cbioportal-web", "gdc", "xena", "tcga-cdr", "metabric", "scan-b",
    "nkr-synthetic", "simulacrum",
}
CONTENT = b"#Patient Identifier\tMonths\n" + b"".join(b"P%05d\t%d\n" % (row, row % 97) for row in range(12_000))
DIGEST = hashlib.sha256(CONTENT).hexdigest()
HALF = len(CONTENT) // 2


@dataclass
class Answer:
    """What the server does with one request; by itself it is a good server."""

    status: int = 200
    body: bytes | None = None
    etag: str | None = '"one"'
    announce: int | None = None
    cut_after: int | None = None
    reset: bool = False
    ranges: bool = True
    delay: float = 0.0
    stall: float = 0.0
    chunked: bool = False
    headers: dict[str, str] = field(default_factory=dict)


class Home:
    """A server on loopback: answers from a list, the last one for ever; keeps what it was asked and how many bytes it sent."""

    def __init__(self) -> None:
        self.answers, self.asked, self.sent, self.content = [Answer()], [], [], CONTENT
        home = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                home.answer(self)

            def log_message(self, *said) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/file.txt"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.asked.append(dict(request.headers))
        self.sent.append(0)
        body, status, headers = self.content if answer.body is None else answer.body, answer.status, dict(answer.headers)
        wanted = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        if wanted and answer.ranges and status == 200 and request.headers.get("If-Range") == answer.etag:
            start = int(wanted[1])
            status = 206 if start < len(body) else 416
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}" if status == 206 else f"bytes */{len(body)}"
            body = body[start:]
        self.send(request, answer, status, headers, body)

    def send(self, request, answer: Answer, status: int, headers: dict[str, str], body: bytes) -> None:
        request.send_response(status)
        if answer.chunked:
            request.send_header("Transfer-Encoding", "chunked")
        elif "Content-Length" not in headers:
            request.send_header("Content-Length", str(len(body) if answer.announce is None else answer.announce))
        if answer.etag:
            request.send_header("ETag", answer.etag)
        for name, value in headers.items():
            if value:
                request.send_header(name, value)
        request.end_headers()
        try:
            self.send_body(request, answer, body[: answer.cut_after])
        except OSError:
            return  # the client has gone
        time.sleep(answer.stall)
        if answer.reset:
            request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            request.connection.close()

    def send_body(self, request, answer: Answer, body: bytes) -> None:
        size = max(1, len(body) // 8) if answer.delay else 1 << 16
        for at in range(0, len(body), size):
            piece = body[at : at + size]
            request.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if answer.chunked else piece)
            self.sent[-1] += len(piece)
            time.sleep(answer.delay)
        if answer.chunked and answer.cut_after is None:
            request.wfile.write(b"0\r\n\r\n")


@pytest.fixture
def home():
    server = Home()
    yield server
    server.close()


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def web(slept) -> Web:
    return Web(timeout=2.0, sleep=slept.append)


def public(home: Home, **changes) -> PublicFile:
    file = PublicFile(
        "made-up", "A made-up file", home.url, "cohort.txt", "metabric", "#Patient Identifier", "a licence", "https://example.org/licence", "A. Author. doi:10.1/x",
        "12,000 rows", "made for this test", versions=(Version("2024-04-22", "ff" * 32, 400_000), Version("2020-12-02", DIGEST, len(CONTENT))))
    return replace(file, **changes)


def there(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# The good file


def test_a_known_file_arrives_whole_and_is_named_with_its_date(home, web, tmp_path):
    seen = []
    fetched = fetch_file(public(home), tmp_path / "new" / "folder", web=web, progress=lambda done, total: seen.append((done, total)))
    assert fetched.path.read_bytes() == CONTENT
    assert fetched.version.dated == "2020-12-02" and not fetched.was_there and fetched.sha256 == DIGEST
    assert there(fetched.path.parent) == ["cohort.txt"]
    assert seen[-1] == (len(CONTENT), len(CONTENT)) and [done for done, _ in seen] == sorted({done for done, _ in seen})
    lines = fetched.text().splitlines()
    assert f"{format_count(len(CONTENT))} bytes, the version of 2020-12-02" in lines[0] and "newest known is of 2024-04-22" in lines[0]
    assert lines[1:] == [
        "licence  a licence (https://example.org/licence)", "cite     A. Author. doi:10.1/x", "check    12,000 rows",
        f"go on    survival-nodes report {fetched.path} --source metabric", str(fetched.path)]


@pytest.mark.parametrize("answer", [Answer(chunked=True), Answer(headers={"Content-Length": ""}), Answer(etag=None), Answer(delay=0.02), Answer(delay=0.02, chunked=True)], ids=str)
def test_it_arrives_in_chunks_without_a_length_without_a_validator_and_slowly(home, web, tmp_path, answer):
    home.answers = [answer]
    assert fetch_file(public(home), tmp_path, web=replace(web, timeout=0.15)).path.read_bytes() == CONTENT
    assert len(home.asked) == 1 and there(tmp_path) == ["cohort.txt"]


def test_a_server_that_holds_the_connection_open_after_the_last_byte(home, web, tmp_path):
    home.answers = [Answer(stall=0.2)]
    assert fetch_file(public(home), tmp_path, web=replace(web, timeout=0.1)).path.read_bytes() == CONTENT
    assert len(home.asked) == 1


def test_fetch_gives_the_path_of_a_named_file(home, web, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "public_files", lambda: (public(home),))
    assert fetch("made-up", tmp_path / "my files", web=web) == tmp_path / "my files" / "cohort.txt"
    assert f'report "{tmp_path / "my files" / "cohort.txt"}" --source metabric' in fetch_file(public(home), tmp_path / "my files").text()
    with pytest.raises(UsageError, match=r"no public file 'made-upp' \(nearest: 'made-up'\); there are: made-up"):
        fetch("made-upp", tmp_path)


# Cut, slow, changed: what came is used again only where it is the same file


@pytest.mark.parametrize("cut", [
    Answer(cut_after=HALF), Answer(cut_after=HALF, reset=True), Answer(cut_after=HALF, stall=0.15), Answer(cut_after=HALF, chunked=True)],
    ids=["closed", "reset", "stalled", "in chunks"])
def test_a_cut_connection_is_resumed_where_it_was_cut(home, web, slept, tmp_path, cut):
    home.answers = [cut, Answer()]
    assert fetch_file(public(home), tmp_path, web=replace(web, timeout=0.1)).path.read_bytes() == CONTENT
    assert "Range" not in home.asked[0]
    start = int(re.fullmatch(r"bytes=(\d+)-", home.asked[1]["Range"])[1])
    assert 0 < start <= HALF and home.asked[1]["If-Range"] == '"one"'
    assert home.sent[1] == len(CONTENT) - start  # the bytes before were not sent again
    assert there(tmp_path) == ["cohort.txt"] and len(slept) == 1


def test_a_date_serves_where_there_is_no_etag(home, web, tmp_path):
    stamp = formatdate(1_600_000_000, usegmt=True)
    home.answers = [Answer(cut_after=HALF, etag='W/"weak"', headers={"Last-Modified": stamp}), Answer(ranges=False, etag=None, headers={"Last-Modified": stamp})]
    assert fetch_file(public(home), tmp_path, web=web).path.read_bytes() == CONTENT
    assert home.asked[1]["If-Range"] == stamp


def test_without_a_validator_it_begins_again(home, web, tmp_path):
    home.answers = [Answer(cut_after=HALF, etag=None), Answer(etag=None)]
    assert fetch_file(public(home), tmp_path, web=web).path.read_bytes() == CONTENT
    assert "Range" not in home.asked[1]


def test_a_server_that_knows_no_ranges_sends_it_again(home, web, tmp_path):
    home.answers = [Answer(cut_after=HALF), Answer(ranges=False)]
    assert fetch_file(public(home), tmp_path, web=web).path.read_bytes() == CONTENT
    assert home.sent[1] == len(CONTENT)


@pytest.mark.parametrize("second", [
    Answer(etag='"two"'),
    Answer(status=206, etag='"two"', body=CONTENT[HALF:], headers={"Content-Range": f"bytes {HALF}-{len(CONTENT) - 1}/{len(CONTENT)}"}),
    Answer(status=206, body=CONTENT[HALF:], headers={"Content-Range": f"bytes {HALF}-{len(CONTENT)}/{len(CONTENT) + 1}"}),
    Answer(status=206, body=CONTENT[: len(CONTENT) - HALF], headers={"Content-Range": f"bytes 0-{len(CONTENT) - HALF - 1}/{len(CONTENT)}"}),
    Answer(status=206, body=CONTENT[HALF:]),
    Answer(status=416, body=b"", headers={"Content-Range": "bytes */7"}),
    Answer(status=416, body=b"")], ids=["as it should", "regardless", "another size", "another place", "no place", "shorter now", "no size"])
def test_a_file_that_changed_in_between_is_fetched_from_its_beginning(home, web, tmp_path, second):
    """The first half is of another version: not a byte of it may be in the result."""
    home.answers = [Answer(body=b"x" * len(CONTENT), cut_after=HALF), second, Answer(etag='"two"')]
    assert fetch_file(public(home), tmp_path, web=web).path.read_bytes() == CONTENT
    assert there(tmp_path) == ["cohort.txt"]


def test_a_later_run_goes_on_from_what_an_earlier_one_left(home, web, tmp_path):
    home.answers = [Answer(cut_after=HALF), Answer(status=503)]
    with pytest.raises(InputError, match=rf"the {format_count(HALF)} bytes that came stay in 'cohort.txt.part', and the same command goes on from there"):
        fetch_file(public(home), tmp_path, web=web, retries=2)
    assert there(tmp_path) == ["cohort.txt.part", "cohort.txt.part.json"]
    home.answers = [Answer()]
    assert fetch_file(public(home), tmp_path, web=web).path.read_bytes() == CONTENT
    assert home.asked[-1]["Range"] == f"bytes={HALF}-" and there(tmp_path) == ["cohort.txt"]


def test_a_part_that_is_whole_already_is_only_finished(home, web, tmp_path):
    (tmp_path / "cohort.txt.part").write_bytes(CONTENT)
    (tmp_path / "cohort.txt.part.json").write_text(f'{{"url": "{home.url}", "validator": "\\"one\\"", "n_bytes": {len(CONTENT)}}}')
    assert fetch_file(public(home), tmp_path, web=web).path.read_bytes() == CONTENT
    assert home.sent == [0] and there(tmp_path) == ["cohort.txt"]


@pytest.mark.parametrize("notes", ["", "{", "[]", '{"url": "https://elsewhere/", "validator": "x", "n_bytes": null}', '{"url": "URL", "validator": null, "n_bytes": 1}'])
def test_a_part_of_unknown_origin_is_not_gone_on_with(home, web, tmp_path, notes):
    (tmp_path / "cohort.txt.part").write_bytes(b"x" * 10)
    (tmp_path / "cohort.txt.part.json").write_text(notes.replace("URL", home.url))
    assert fetch_file(public(home), tmp_path, web=web).path.read_bytes() == CONTENT
    assert "Range" not in home.asked[0] and there(tmp_path) == ["cohort.txt"]


# Lengths that are not true


@pytest.mark.parametrize("etag", ['"one"', None])
def test_a_server_that_announces_more_than_it_sends(home, web, slept, tmp_path, etag):
    home.answers = [Answer(announce=len(CONTENT) + 1000, etag=etag, ranges=False)]
    with pytest.raises(InputError, match=rf"ended after {format_count(len(CONTENT))} of {format_count(len(CONTENT) + 1000)} bytes \(tried 3 times\)"):
        fetch_file(public(home), tmp_path, web=web, retries=2)
    assert len(slept) == 2 and "cohort.txt" not in there(tmp_path)
    assert bool(there(tmp_path)) == bool(etag)


def test_a_range_answer_does_not_make_a_false_length_true(home, web, tmp_path):
    home.answers = [Answer(announce=len(CONTENT) + 1000), Answer(), Answer(announce=len(CONTENT) + 1000)]
    with pytest.raises(InputError, match="ended after"):
        fetch_file(public(home), tmp_path, web=web, retries=2)


@pytest.mark.parametrize("announced", [10, HALF, len(CONTENT) - 1])
def test_a_server_that_sends_more_than_it_announces(home, web, tmp_path, announced):
    home.answers = [Answer(announce=announced)]
    with pytest.raises(InputError, match=rf"announced {format_count(announced)} bytes and sent more \(tried twice\)|announced {format_count(announced)} bytes and sent more \(tried 2 times\)"):
        fetch_file(public(home), tmp_path, web=web, retries=1)
    assert there(tmp_path) == []


def test_a_file_of_absurd_size_is_refused_before_it_comes_and_while_it_comes(home, web, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching_download, "MOST_BYTES", 100_000)
    for answer in (Answer(), Answer(chunked=True)):
        home.answers = [answer]
        with pytest.raises(InputError, match=f"larger than {format_count(100_000)} bytes"):
            fetch_file(public(home), tmp_path, web=web)
        assert there(tmp_path) == []
    assert len(home.asked) == 2


# Another file than the one asked for


@pytest.mark.parametrize(("body", "content_type", "said"), [
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 385858\n", "text/plain", "a git-lfs pointer instead of the file"),
    (b"<!DOCTYPE html><title>Sign in</title>" + b" " * 300_000, "text/plain", "a web page"),
    (b"\xef\xbb\xbf \n<HTML>" + b" " * 300_000, "", "a web page"),
    (CONTENT, "text/html; charset=utf-8", "a web page"),
    (b"", "text/plain", "an empty file"),
    (CONTENT[:30_000], "text/plain", f"{format_count(30_000)} bytes, and the newest known version has {format_count(400_000)}: it is another file"),
    (b"id,months\n" * 30_000, "text/csv", "does not begin with '#Patient Identifier'")], ids=lambda value: "" if isinstance(value, bytes) else value[:20])
def test_a_wrong_file_is_refused_and_nothing_of_it_stays(home, web, tmp_path, body, content_type, said):
    home.answers = [Answer(body=body, headers={"Content-Type": content_type})]
    with pytest.raises(InputError) as refused:
        fetch_file(public(home), tmp_path, web=web)
    assert said in str(refused.value) and home.url in str(refused.value) and "download it by hand" in str(refused.value)
    assert "nothing of it was kept" in str(refused.value) and "\n" not in str(refused.value)
    assert there(tmp_path) == [] and len(home.asked) == 1


def test_a_wrong_file_does_not_take_the_place_of_a_right_one(home, web, tmp_path):
    (tmp_path / "cohort.txt").write_bytes(CONTENT)
    home.answers = [Answer(body=b"id,months\n" * 30_000)]
    with pytest.raises(InputError, match="another file"):
        fetch_file(public(home), tmp_path, web=web, overwrite=True)
    assert (tmp_path / "cohort.txt").read_bytes() == CONTENT and there(tmp_path) == ["cohort.txt"]


def test_a_sign_in_page_while_going_on_does_not_cost_what_came_before(home, web, tmp_path):
    home.answers = [Answer(cut_after=HALF), Answer(ranges=False, body=b"<html>", headers={"Content-Type": "text/html"})]
    with pytest.raises(InputError, match="a web page instead of the file; the .* bytes that came stay in 'cohort.txt.part'"):
        fetch_file(public(home), tmp_path, web=web)
    assert (tmp_path / "cohort.txt.part").read_bytes() == CONTENT[:HALF]


def test_a_file_that_begins_with_a_byte_order_mark_is_not_another_file(home, web, tmp_path):
    home.content = b"\xef\xbb\xbf" + CONTENT
    with pytest.warns(DataWarning):
        fetch_file(public(home), tmp_path, web=web)


def excel() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>" * 1000)
    return stream.getvalue()


@pytest.mark.parametrize(("name", "whole", "begins", "said"), [
    ("matrix.txt.gz", gzip.compress(b"!Series_title\n" + os.urandom(5000)), "!Series_title", "no whole gzip file"),
    ("table.xlsx", excel(), "PK", "no whole Excel file")])
def test_a_packed_file_is_looked_at_to_its_end(home, web, tmp_path, name, whole, begins, said):
    """Where the server announces no length, only the file itself can tell that it was cut."""
    file = public(home, saves_as=name, starts_with=begins, versions=())
    home.answers = [Answer(body=whole[:-600], headers={"Content-Length": ""})]
    with pytest.raises(InputError, match=said):
        fetch_file(file, tmp_path, web=web)
    assert there(tmp_path) == []
    home.answers = [Answer(body=whole, headers={"Content-Length": ""})]
    assert fetch_file(file, tmp_path, web=web).path.read_bytes() == whole
    with pytest.raises(InputError, match="does not begin with 'other'"):
        fetch_file(replace(file, starts_with="other"), tmp_path, web=web, overwrite=True)


# What the server answers


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 416])
def test_what_another_try_would_not_mend_is_not_tried_again(home, web, tmp_path, status):
    home.answers = [Answer(status=status, body=b"<html>no</html>")]
    with pytest.raises(InputError, match=f"the server answered {status} [A-Z]"):
        fetch_file(public(home), tmp_path, web=web)
    assert len(home.asked) == 1 and there(tmp_path) == []


@pytest.mark.parametrize(("after", "least"), [("2", 2), ("0", 0), ("", 0), ("soon", 0)])
def test_a_server_that_asks_to_wait_is_waited_for(home, web, slept, tmp_path, after, least):
    told = []
    home.answers = [Answer(status=503, headers={"Retry-After": after}), Answer(status=429, headers={"Retry-After": after}), Answer()]
    fetch_file(public(home), tmp_path, web=replace(web, tell=told.append))
    assert len(slept) == 2 and all(seconds >= least for seconds in slept) and (least or max(slept) <= 1)
    assert "503 Service Unavailable" in told[0] and f"trying again in {slept[0]:.1f} s" in told[0]


def test_a_server_that_names_a_time_is_waited_for_until_then(home, web, slept, tmp_path):
    home.answers = [Answer(status=503, headers={"Retry-After": formatdate(time.time() + 100, usegmt=True)}), Answer()]
    fetch_file(public(home), tmp_path, web=web)
    assert 95 < slept[0] <= 100


def test_a_server_that_asks_to_wait_for_an_hour_is_not_waited_for(home, web, slept, tmp_path):
    home.answers = [Answer(status=429, headers={"Retry-After": "3600"})]
    with pytest.raises(InputError, match=r"429 Too Many Requests and asks to wait 3600 s \(tried once\)"):
        fetch_file(public(home), tmp_path, web=web)
    assert slept == []


def test_a_server_that_is_down_is_given_up_after_the_retries_with_growing_waits(home, web, slept, tmp_path):
    home.answers = [Answer(status=500)]
    with pytest.raises(InputError, match=r"the server answered 500 Internal Server Error \(tried 6 times\); nothing of it was kept") as refused:
        fetch_file(public(home), tmp_path, web=web)
    assert "\n" not in str(refused.value) and len(home.asked) == 6 and there(tmp_path) == []
    # Half a second, doubled each time, less at most half of it.
    assert all(0.5 * 2**tries / 2 <= seconds <= 0.5 * 2**tries for tries, seconds in enumerate(slept)) and len(slept) == 5


def test_the_waits_are_the_same_each_run_and_end_growing():
    first, second = (list(islice(fetching_download._waits("https://example.org/a"), 12)) for _ in range(2))
    assert first == second != list(islice(fetching_download._waits("https://example.org/b"), 12))
    assert max(first) <= 60


def test_nobody_there(home, web, tmp_path):
    file = public(home)
    home.close()
    with pytest.raises(InputError, match=r"the server could not be reached \(Connection refused\) \(tried 2 times\)"):
        fetch_file(file, tmp_path, web=web, retries=1)
    assert there(tmp_path) == []


def test_only_https_is_asked_or_followed(home, web, tmp_path):
    for url in ("http://example.org/file", "ftp://127.0.0.1/file", "file:///etc/hostname"):
        with pytest.raises(InputError, match="is no https address"):
            fetch_file(public(home, url=url), tmp_path, web=web)
    home.answers = [Answer(status=302, headers={"Location": "http://example.org/file"})]
    with pytest.raises(InputError, match="sends on to 'http://example.org/file', which is no https address"):
        fetch_file(public(home), tmp_path, web=web)
    assert there(tmp_path) == []


def test_a_redirect_is_followed_with_its_range(home, web, tmp_path):
    moved = Answer(status=302, headers={"Location": home.url})
    home.answers = [moved, Answer(cut_after=HALF), moved, Answer()]
    assert fetch_file(public(home), tmp_path, web=web).path.read_bytes() == CONTENT
    assert home.asked[3]["Range"] == f"bytes={HALF}-" and home.sent[3] == len(CONTENT) - HALF


def test_a_proxy_of_the_environment_is_used_but_not_for_this_machine(home, web, tmp_path, monkeypatch):
    proxy = Home()
    monkeypatch.setattr(fetching_download, "_may_ask", lambda url, from_loopback: True)
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, proxy.url.removesuffix("/file.txt"))
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    try:
        fetch_file(public(home), tmp_path, web=web)
        assert len(home.asked) == 1 and proxy.asked == []
        fetch_file(public(home, url="http://cohorts.invalid/file.txt"), tmp_path / "by-proxy", web=web)
        assert len(home.asked) == 1 and proxy.asked[0]["Host"] == "cohorts.invalid"
        assert proxy.asked[0]["User-Agent"].startswith("survival-nodes/")
    finally:
        proxy.close()


# Hashes, and files that are there already


def test_an_unknown_hash_is_taken_with_a_warning_that_shows_it(home, web, tmp_path):
    home.content = CONTENT + b"P99999\t1\n"
    digest = hashlib.sha256(home.content).hexdigest()
    with pytest.warns(DataWarning, match=f"{digest}.* none of the known versions .*{'ff' * 32} of 2024-04-22, {format_count(400_000)} bytes.*12,000 rows"):
        fetched = fetch_file(public(home), tmp_path, web=web)
    assert fetched.path.read_bytes() == home.content and fetched.version is None
    assert f"none of the known versions: its own SHA-256 is {digest}" in fetched.text()


def test_a_known_hash_may_be_known_by_its_first_digits(home, web, tmp_path):
    fetched = fetch_file(public(home, versions=(Version("2022-01", DIGEST[:8]),)), tmp_path, web=web)
    assert fetched.version.dated == "2022-01" and "newest" not in fetched.text()


def test_where_no_hash_is_recorded_the_file_says_its_own(home, web, tmp_path):
    fetched = fetch_file(public(home, versions=()), tmp_path, web=web)
    assert f"no hash is recorded for this file: its own SHA-256 is {DIGEST}" in fetched.text()
    with pytest.raises(UsageError, match="cannot be compared, since no hash is recorded"):
        fetch_file(public(home, versions=()), tmp_path, web=web)


def test_a_known_version_that_is_there_is_left_as_it_is_unless_asked(home, web, tmp_path):
    path = tmp_path / "cohort.txt"
    path.write_bytes(CONTENT)
    fetched = fetch_file(public(home), tmp_path, web=web)
    assert fetched.was_there and home.asked == []
    assert "is there already" in fetched.text() and "the newest known is of 2024-04-22, and --overwrite fetches it" in fetched.text()
    assert not fetch_file(public(home), tmp_path, web=web, overwrite=True).was_there and len(home.asked) == 1


def test_another_file_that_is_there_is_overwritten_only_when_asked(home, web, tmp_path):
    path = tmp_path / "cohort.txt"
    path.write_text("my own notes")
    with pytest.raises(UsageError, match="'cohort.txt' is there already and is none of the known versions .*--overwrite, or elsewhere with --to FOLDER"):
        fetch_file(public(home), tmp_path, web=web)
    assert path.read_text() == "my own notes" and home.asked == []
    fetch_file(public(home), tmp_path, web=web, overwrite=True)
    assert path.read_bytes() == CONTENT


# Where it cannot be written, or is stopped


def test_a_folder_that_cannot_be_made_or_is_in_the_way(home, web, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write 'cohort.txt': .*--to"):
        fetch_file(public(home), tmp_path / "file", web=web)
    (tmp_path / "cohort.txt").mkdir()
    with pytest.raises(OutputError, match="cannot write 'cohort.txt'"):
        fetch_file(public(home), tmp_path, web=web, overwrite=True)
    assert home.asked == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_that_may_not_be_written_to(home, web, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="permission denied"):
        fetch_file(public(home), tmp_path, web=web)
    tmp_path.chmod(0o700)
    assert there(tmp_path) == []


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(home, web, tmp_path, monkeypatch, failing):
    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "cohort.txt").write_text("old")
    monkeypatch.setattr(fetching_download.os if failing == "fsync" else fetching.os, failing, full)
    with pytest.raises(OutputError, match="cannot write 'cohort.txt(.part)?': no space left on device; nothing was changed there"):
        fetch_file(public(home), tmp_path, web=web, overwrite=True)
    assert there(tmp_path) == ["cohort.txt"] and (tmp_path / "cohort.txt").read_text() == "old"


@pytest.mark.parametrize(("etag", "left"), [('"one"', ["cohort.txt.part", "cohort.txt.part.json"]), (None, [])])
def test_an_interruption_leaves_no_target_and_a_part_only_where_it_is_of_use(home, web, tmp_path, etag, left):
    def stop(done: int, total: int) -> None:
        if done > HALF:
            raise KeyboardInterrupt

    told = []
    home.answers = [Answer(etag=etag)]
    with pytest.raises(KeyboardInterrupt):
        fetch_file(public(home), tmp_path, web=replace(web, tell=told.append), progress=stop)
    assert there(tmp_path) == left and len(told) == bool(left) and all("stay in 'cohort.txt.part'" in line for line in told)
    assert fetch_file(public(home), tmp_path, web=web).path.read_bytes() == CONTENT
    assert ("Range" in home.asked[1]) == bool(left)


# The command


@pytest.fixture
def command(home, tmp_path, monkeypatch):
    """The command as a user calls it, in a folder of its own, with one made-up public file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fetching, "public_files", lambda: (public(home),))
    monkeypatch.setattr(fetching_download, "FIRST_WAIT", 0.0)
    return lambda *arguments: cli.main(["fetch", *arguments])


def test_the_command_fetches_and_says_what_and_from_where(command, home, capsys):
    home.answers = [Answer(delay=0.01)]
    assert command("made-up", "--to", "copies") == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[-2:] == [f"go on    survival-nodes report {os.path.join('copies', 'cohort.txt')} --source metabric", os.path.join("copies", "cohort.txt")]
    progress = said.err.splitlines()
    assert progress[:2] == ["A made-up file", f"from {home.url}"]
    assert re.fullmatch(r"fetching cohort.txt \.\.\. \d+\.\d s", progress[2]) and len(progress) == 3


def test_a_slow_download_shows_how_much_has_come(command, home, capsys, monkeypatch):
    clock = iter(range(0, 100_000, 2))
    monkeypatch.setattr("survival_nodes.cli.time.monotonic", lambda: next(clock))
    home.answers = [Answer(delay=0.01)]
    assert command("made-up") == 0
    line = capsys.readouterr().err.splitlines()[2]
    tenths = [int(each) for each in re.findall(r"(\d+)%", line)]
    assert tenths == sorted(set(tenths)) and tenths[-1] == 100 and 2 <= len(tenths) <= 10


def test_the_command_lists_what_there_is(command, capsys):
    for arguments in ((), ("--list",), ("made-up", "--list")):
        assert command(*arguments) == 0
        assert [line.strip() for line in capsys.readouterr().out.splitlines()] == [f"{'made-up':<20} A made-up file", "a licence"]


@pytest.mark.parametrize(("arguments", "answer", "code", "said"), [
    (("made-op",), Answer(), 2, "no public file 'made-op' (nearest: 'made-up')"),
    (("made-up",), Answer(status=500), 3, "500 Internal Server Error (tried 6 times)"),
    (("made-up",), Answer(body=b"<html>"), 3, "a web page instead of the file"),
    (("made-up", "--to", "file"), Answer(), 5, "name another folder with --to")])
def test_what_goes_wrong_is_one_line_and_an_exit_code(command, home, capsys, tmp_path, arguments, answer, code, said):
    (tmp_path / "file").write_text("")
    home.answers = [answer]
    assert command(*arguments) == code
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("survival-nodes: ")]
    assert len(lines) == 1 and said in lines[0]
    assert there(tmp_path) == ["file"]


# The list of public files itself


@pytest.mark.parametrize("file", public_files(), ids=lambda file: file.name)
def test_every_public_file_has_its_address_terms_and_well_formed_hashes(file):
    assert re.fullmatch(r"[a-z0-9-]+", file.name) and file == public_file(file.name)
    assert all(getattr(file, each).strip() for each in ("title", "starts_with", "licence", "citation", "counts", "checked"))
    assert file.url.startswith("https://") and file.licence_url.startswith("https://")
    assert re.search(r"doi:10\.\d{4,}/\S+", file.citation)
    assert re.fullmatch(r"[\w.-]+\.(txt|xlsx|gz)", file.saves_as)
    assert file.source in READERS
    assert file.then.format(path="COHORT", source=file.source).count("COHORT") == 1
    for version in file.versions:
        assert re.fullmatch(r"\d{4}(-\d{2}){0,2}", version.dated)
        assert re.fullmatch(r"[0-9a-f]{8}|[0-9a-f]{64}", version.sha256)
        assert version.n_bytes is None or 10_000 < version.n_bytes < fetching_download.MOST_BYTES
    dates = [version.dated for version in file.versions]
    assert dates == sorted(dates, reverse=True), "newest first"


def test_no_two_public_files_share_a_name_on_disk_or_an_address():
    assert len({file.saves_as for file in public_files()}) == len({file.url for file in public_files()}) == len(public_files())
    assert {"tcga-brca", "tcga-cdr", "metabric"} <= {file.name for file in public_files()}
    assert data_file("public_files.toml").read_text(encoding="utf-8").isascii()


PUBLIC_DATA = os.environ.get("SURVIVAL_NODES_PUBLIC_DATA")


@pytest.mark.skipif(not PUBLIC_DATA, reason="SURVIVAL_NODES_PUBLIC_DATA is not set")
@pytest.mark.parametrize(("name", "folder", "dated"), [("tcga-brca", "tcga", "2024-04-04"), ("metabric", "metabric", "2020-12-02")])
def test_the_files_themselves_are_known(name, folder, dated):
    fetched = fetch_file(public_file(name), os.path.join(PUBLIC_DATA, folder))
    assert fetched.was_there and fetched.version.dated == dated and fetched.version.n_bytes == fetched.path.stat().st_size
    assert fetching._wrong(fetched.file, fetched.path) == ""
