"""What schemathesis asks of every answer, and a count of what it sent.

An answer of 501 says that the server knows the path and not the verb, as the official gateway does; everything
else from 500 on is a mistake of the server. A request that gets no answer in time fails the run by itself.
"""

import atexit
import os

import schemathesis

counts = {}


@schemathesis.hook
def after_call(context, case, response):
    counts[response.status_code] = counts.get(response.status_code, 0) + 1


@schemathesis.check
def no_mistake_of_the_server(context, response, case):
    if response.status_code >= 500 and response.status_code != 501:
        raise AssertionError(f'the server answered {response.status_code}: {response.text[:500]}')


@atexit.register
def tell():
    if path := os.environ.get('FUZZ_COUNTS'):
        with open(path, 'a') as file:
            for status, count in sorted(counts.items()):
                file.write(f'{status} {count}\n')
