"""Sends a server what is no proper HTTP, or is sent as no proper client sends it, and watches how it takes that.

Every exchange must end in time, by an answer below 500 (501 says that a verb is unknown) or by a closed connection,
and whoever asks properly must be answered all the while.

Usage: raw.py URL PID
"""

import concurrent.futures
import contextlib
import json
import pathlib
import random
import socket
import sys
import time
import urllib.parse
import urllib.request

PATIENCE = 75
SLOW_CLIENTS = 300
RANDOM_REQUESTS = 400

RUNS = b'/apis/v2beta1/runs'
UPLOAD = b'/apis/v2beta1/pipelines/upload?name=x'
IMPORT = b'/apis/pipewright/v1/runs/import'
JSON = b'Content-Type: application/json\r\n'
FORM = b'Content-Type: multipart/form-data; boundary=xyz\r\n'
PART = b'--xyz\r\nContent-Disposition: form-data; name="uploadfile"; filename="a.yaml"\r\n\r\n'


def head(method, path, more=b'', version=b'HTTP/1.1'):
    return b'%s %s %s\r\nHost: localhost\r\n%s\r\n' % (method, path, version, more)


def post(path, body, more=JSON, length=None):
    length = len(body) if length is None else length
    return head(b'POST', path, more + b'Content-Length: %d\r\n' % length) + body


def cases():
    """Names and bytes; after the bytes nothing more is sent."""
    deep = b'[' * 200_000
    yield 'nothing', b''
    yield 'an empty line', b'\r\n\r\n'
    yield 'half a line', b'GET /apis/v2beta1/runs'
    yield 'half a head', b'GET /apis/v2beta1/runs HTTP/1.1\r\nHost: local'
    yield 'no HTTP', b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + bytes(200)
    yield 'bytes of all kinds', bytes(range(256)) * 40
    yield 'HTTP/2 without a word', b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + b'\xff' * 64
    yield 'HTTP/0.9', b'GET /apis/v2beta1/runs\r\n\r\n'
    yield 'HTTP/1.0', b'GET /apis/v2beta1/runs HTTP/1.0\r\n\r\n'
    yield 'HTTP/9.9', head(b'GET', RUNS, version=b'HTTP/9.9')
    yield 'no host', b'GET /apis/v2beta1/runs HTTP/1.1\r\n\r\n'
    yield 'two hosts', head(b'GET', RUNS, b'Host: other.example\r\n')
    yield 'a foreign host', b'GET /apis/v2beta1/runs HTTP/1.1\r\nHost: evil.example\r\n\r\n'
    yield 'a verb of its own', head(b'EXPLODE', RUNS)
    yield 'CONNECT', head(b'CONNECT', b'localhost:80')
    yield 'TRACE', head(b'TRACE', b'/')
    yield 'OPTIONS *', head(b'OPTIONS', b'*')
    yield 'a whole address', head(b'GET', b'http://other.example/apis/v2beta1/runs')
    yield 'an address with spaces', b'GET /apis/v2beta1/runs and more HTTP/1.1\r\nHost: localhost\r\n\r\n'
    yield 'an address of bytes', head(b'GET', b'/apis/v2beta1/runs/\xff\xfe\x00')
    yield 'a broken escape', head(b'GET', b'/apis/v2beta1/runs/%zz%')
    yield 'escaped bytes', head(b'GET', b'/apis/v2beta1/runs/%ff%00%2e%2e%2f')
    yield 'a query of escapes', head(b'GET', RUNS + b'?filter=%ff%00&page_size=%31%30&sort_by=%zz&=&&&a')
    yield 'a long address', head(b'GET', RUNS + b'?filter=' + b'a' * 60_000)
    yield 'too long an address', head(b'GET', RUNS + b'?filter=' + b'a' * 300_000)
    yield 'a long header', head(b'GET', RUNS, b'X-Long: ' + b'a' * 100_000 + b'\r\n')
    yield 'too long a header', head(b'GET', RUNS, b'X-Long: ' + b'a' * 300_000 + b'\r\n')
    yield 'many headers', head(b'GET', RUNS, b''.join(b'X-%d: y\r\n' % n for n in range(90)))
    yield 'too many headers', head(b'GET', RUNS, b''.join(b'X-%d: y\r\n' % n for n in range(5000)))
    yield 'a header without a name', head(b'GET', RUNS, b': x\r\n')
    yield 'a header of bytes', head(b'GET', RUNS, b'X: \xff\x01\x7f\r\n')
    yield 'a folded header', head(b'GET', RUNS, b'X: a\r\n b\r\n')
    yield 'many cookies', head(b'GET', RUNS, b'Cookie: ' + b'pipewright_session=x; ' * 2000 + b'\r\n')
    yield 'a token of bytes', head(b'GET', RUNS, b'Authorization: Bearer \xff\xfe\r\n')
    for name, body in [
        ('an empty body', b''), ('half an object', b'{"display_name": "x", "pipel'), ('text', b'hello'),
        ('bytes', b'\xff\xfe\x00\x80'), ('null', b'null'), ('a list', b'[]'), ('a number', b'1e999'),
        ('half a character', b'"\xc3'), ('a lone surrogate', b'{"display_name": "\\ud800"}'),
        ('a deep list', deep), ('a deep object', b'{"a":' * 100_000),
        ('a deep specification', b'{"display_name": "x", "pipeline_spec": ' + deep + b']' * 200_000 + b'}'),
        ('one name twice', b'{"display_name": "x", "display_name": "y"}'),
        ('a zero in a name', b'{"display_name": "a\\u0000b"}'),
        ('a long name', b'{"display_name": "' + b'x' * 2_000_000 + b'"}'),
        ('many names', b'{' + b','.join(b'"k%d":1' % n for n in range(100_000)) + b'}'),
        ('more behind it', b'{} {}'),
    ]:
        for path in [RUNS, b'/apis/v2beta1/experiments', b'/apis/v1beta1/runs', b'/apis/v2beta1/recurringruns',
                     b'/apis/pipewright/v1/runs/x/retry', b'/apis/pipewright/v1/namespaces/default/objects']:
            yield f'{name} to {path.decode()}', post(path, body)
        yield f'{name} to an upload', post(UPLOAD, body, FORM)
        yield f'{name} to an import', post(IMPORT, body, b'Content-Type: application/zip\r\n')
        yield f'{name} to a check', post(b'/apis/pipewright/v1/check?name=a.yaml', body, b'')
    for kind in [b'', b'text/plain', b'application/xml', b'application/json; charset=utf-16', b'\xff', b';;;',
                 b'multipart/form-data', b'multipart/form-data; boundary=', b'application/x-www-form-urlencoded']:
        more = b'Content-Type: %s\r\n' % kind if kind else b''
        yield f'content type {kind!r}', post(RUNS, b'{"display_name": "x"}', more)
        yield f'content type {kind!r} of an upload', post(UPLOAD, PART + b'a: b\r\n--xyz--\r\n', more)
    yield 'gzip that is none', post(RUNS, b'{}', JSON + b'Content-Encoding: gzip\r\n')
    yield 'a part without an end', post(UPLOAD, PART + b'a: b', FORM)
    yield 'a part without a name', post(UPLOAD, b'--xyz\r\n\r\nx\r\n--xyz--\r\n', FORM)
    yield 'parts of other names', post(UPLOAD, b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--xyz--\r\n', FORM)
    yield 'a thousand parts', post(UPLOAD, (PART + b'x\r\n') * 1000 + b'--xyz--\r\n', FORM)
    yield 'a part with a long head', post(UPLOAD, b'--xyz\r\nX: ' + b'a' * 500_000 + b'\r\n\r\nx\r\n--xyz--\r\n', FORM)
    yield 'a length that is none', head(b'POST', RUNS, JSON + b'Content-Length: many\r\n') + b'{}'
    yield 'a negative length', head(b'POST', RUNS, JSON + b'Content-Length: -1\r\n') + b'{}'
    yield 'an endless length', head(b'POST', RUNS, JSON + b'Content-Length: 99999999999999999999\r\n') + b'{}'
    yield 'two lengths', head(b'POST', RUNS, JSON + b'Content-Length: 2\r\nContent-Length: 3\r\n') + b'{}x'
    yield 'a length and pieces', head(b'POST', RUNS, JSON + b'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n') + b'0\r\n\r\n'
    yield 'pieces without a size', head(b'POST', RUNS, JSON + b'Transfer-Encoding: chunked\r\n') + b'zz\r\n{}\r\n0\r\n\r\n'
    yield 'a piece of endless size', head(b'POST', RUNS, JSON + b'Transfer-Encoding: chunked\r\n') + b'ffffffffffffffff1\r\n{}'
    yield 'pieces in a way of their own', head(b'POST', RUNS, JSON + b'Transfer-Encoding: snappy\r\n') + b'{}'
    yield 'a body of GET', post(b'/', b'x').replace(b'POST', b'GET', 1)
    yield 'a range of nothing', head(b'GET', b'/', b'Range: bytes=-\r\n')
    yield 'ranges', head(b'GET', b'/', b'Range: bytes=0-1,5-9,900-1000\r\nIf-None-Match: "x", \xff\r\n')
    yield 'an upgrade', head(b'GET', RUNS, b'Connection: upgrade\r\nUpgrade: websocket\r\n')
    yield 'an expectation', head(b'POST', RUNS, JSON + b'Expect: 200-maybe\r\nContent-Length: 2\r\n') + b'{}'
    yield 'two requests at once', post(RUNS, b'{}') + post(RUNS, b'[')


def mangled(seed):
    """A proper request of which some bytes were changed, doubled or lost."""
    chance = random.Random(seed)
    request = bytearray(chance.choice([
        head(b'GET', RUNS + b'?page_size=3&sort_by=name%20desc&filter=%7B%22predicates%22%3A%5B%5D%7D'),
        post(RUNS, b'{"display_name": "x", "pipeline_spec": {"root": {}, "schemaVersion": "2.1.0"}}'),
        post(UPLOAD, PART + b'a: b\r\n--xyz--\r\n', FORM),
        head(b'GET', b'/artifacts/get?source=file&bucket=&key=/x', b'Range: bytes=0-9\r\n'),
    ]))
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(request))
        match chance.randrange(4):
            case 0:
                request[at] = chance.randrange(256)
            case 1:
                del request[at]
            case 2:
                request[at:at] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 9)))
            case 3:
                end = min(len(request), at + chance.randint(1, 40))
                request[at:at] = request[at:end]
    return bytes(request)


class Peer:
    """The server, by its address."""

    def __init__(self, url):
        place = urllib.parse.urlsplit(url)
        self.url, self.address = url, (place.hostname, place.port)

    def connect(self):
        return socket.create_connection(self.address, timeout=PATIENCE)

    def exchange(self, sent, closes=True):
        """Sends bytes; returns the first line of each answer."""
        with self.connect() as connection:
            with contextlib.suppress(ConnectionError):
                connection.sendall(sent)
                if closes:
                    # The server may have left already.
                    with contextlib.suppress(OSError):
                        connection.shutdown(socket.SHUT_WR)
            answer = b''
            with contextlib.suppress(ConnectionError):
                while piece := connection.recv(65536):
                    answer += piece
                    if len(answer) > 1 << 20:
                        break
        return answer

    def check(self, name, answer):
        if not answer.startswith(b'HTTP/1.') or len(answer) < 12:
            return f'{name}: {answer[:100]!r}' if answer and not answer.startswith(b'\x00') else None
        status = int(answer[9:12])
        return f'{name}: {answer[:300]!r}' if status >= 500 and status not in (501, 505) else None

    def is_well(self):
        with urllib.request.urlopen(f'{self.url}/apis/v2beta1/healthz', timeout=10) as answer:
            json.load(answer)


def slow(peer):
    """Connections that send a byte at a time, or nothing; others are answered meanwhile."""
    begun = time.monotonic()
    waiting = []
    for number in range(SLOW_CLIENTS):
        connection = peer.connect()
        if number % 3 == 0:
            connection.sendall(b'GET /apis/v2beta1/runs HTTP/1.1\r\nHost: local')
        elif number % 3 == 1:
            connection.sendall(head(b'POST', RUNS, JSON + b'Content-Length: 1000\r\n') + b'{')
        waiting.append(connection)
    slowest = 0.0
    while waiting and time.monotonic() - begun < PATIENCE:
        asked = time.monotonic()
        peer.is_well()
        slowest = max(slowest, time.monotonic() - asked)
        left = []
        for connection in waiting:
            connection.settimeout(0)
            try:
                # A byte now and then: still no request.
                connection.send(b' ')
                answer = connection.recv(300)
                fault = peer.check('a slow client', answer)
                if fault:
                    raise SystemExit(fault)
            except BlockingIOError:
                left.append(connection)
                continue
            except ConnectionError:
                pass
            connection.close()
        waiting = left
        time.sleep(1)
    for connection in waiting:
        connection.close()
    if waiting:
        raise SystemExit(f'{len(waiting)} slow clients of {SLOW_CLIENTS} are still there after {PATIENCE} s')
    print(f'{SLOW_CLIENTS} slow clients are gone after {time.monotonic() - begun:.0f} s; meanwhile others waited '
          f'{slowest * 1000:.0f} ms at most')


def streams(peer):
    """Streams that nobody reads to their end, asked for in right and wrong ways."""
    for query in [b'', b'?since=0', b'?since=-1', b'?since=x', b'?kinds=runs,nothing', b'?kinds=%ff']:
        with peer.connect() as connection:
            connection.sendall(head(b'GET', b'/apis/pipewright/v1/events' + query))
            fault = peer.check(f'events{query.decode()}', connection.recv(4096))
            if fault:
                raise SystemExit(fault)


def memory(pid):
    status = pathlib.Path(f'/proc/{pid}/status').read_text()
    return int(status.split('VmRSS:')[1].split()[0]) * 1024


def main(url, pid):
    peer = Peer(url)
    before = memory(pid)
    faults, count = [], 0
    named = [*cases(), *((f'mangled {seed}', mangled(seed)) for seed in range(RANDOM_REQUESTS))]
    for name, sent in named:
        try:
            fault = peer.check(name, peer.exchange(sent))
        except TimeoutError:
            fault = f'{name}: no answer in {PATIENCE} s'
        peer.is_well()
        faults += [fault] if fault else []
        count += 1
    # The body that was announced never comes, and the connection stays.
    held = [
        ('half a body', post(RUNS, b'{"a"', length=100)),
        ('half an upload', post(UPLOAD, PART, FORM, length=1000)),
        ('half an import', post(IMPORT, b'PK\x03\x04', b'', length=1 << 40)),
        ('too much', post(RUNS, b'{"a"', length=1 << 40)),
    ]
    with concurrent.futures.ThreadPoolExecutor(len(held) + 1) as pool:
        waits = [(name, pool.submit(peer.exchange, sent, closes=False)) for name, sent in held]
        slow(peer)
        for name, wait in waits:
            try:
                fault = peer.check(name, wait.result())
            except TimeoutError:
                fault = f'{name}: no answer in {PATIENCE} s'
            faults += [fault] if fault else []
            count += 1
    streams(peer)
    after = memory(pid)
    print(f'{count} improper requests; memory of the server: {before >> 20} MiB before, {after >> 20} MiB after')
    if faults:
        raise SystemExit('\n'.join(faults))


if __name__ == '__main__':
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
