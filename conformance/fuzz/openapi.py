"""Writes the official API as an OpenAPI document, read off the package `kfp-server-api`.

The package is generated from the official swagger files, which it does not hold. But its methods know their path,
verb and parameters, and its models their fields, so the document can be had back: every method is called with a
client that writes down what it is asked to send instead of sending it.

Usage: openapi.py FILE
"""

import inspect
import json
import re
import sys

import kfp_server_api
from kfp_server_api import models

SIMPLE = {
    'str': {'type': 'string'},
    'int': {'type': 'integer', 'format': 'int32'},
    'float': {'type': 'number'},
    'bool': {'type': 'boolean'},
    'object': {'type': 'object'},
    'datetime': {'type': 'string', 'format': 'date-time'},
    'file': {'type': 'string', 'format': 'binary'},
}


class Recorder:
    """Stands for the client's transport."""

    client_side_validation = False
    configuration = kfp_server_api.Configuration()

    def __init__(self):
        self.call = None

    def select_header_accept(self, accepts):
        return accepts[0]

    def select_header_content_type(self, types):
        return types[0]

    def call_api(self, path, method, path_params, query_params, header_params, **more):
        self.call = (path, method, path_params, query_params, more)


def schema_of(name):
    """Turns a type of the package into a schema."""
    if name in SIMPLE:
        return dict(SIMPLE[name])
    if found := re.fullmatch(r'list\[(.*)\]', name):
        return {'type': 'array', 'items': schema_of(found[1])}
    if found := re.fullmatch(r'dict\(str, (.*)\)', name):
        return {'type': 'object', 'additionalProperties': schema_of(found[1])}
    return {'$ref': f'#/components/schemas/{name}'}


def component_of(model):
    """Turns a model into a schema; enumerations are models with constants."""
    if values := getattr(model, 'allowable_values', None):
        return {'type': 'string', 'enum': values}
    fields = {model.attribute_map[key]: schema_of(kind) for key, kind in model.openapi_types.items()}
    return {'type': 'object', 'properties': fields}


def types_in(doc):
    """Reads the types of parameters out of a method's documentation."""
    return dict(re.findall(r':type (\w+): ([^\n,]+)', doc))


def operation_of(function):
    """Calls a method without sending; returns path, verb and operation."""
    kinds = types_in(function.__doc__ or '')
    known = set(inspect.signature(function).parameters) - {'self', 'kwargs'}
    ours = {key for key in kinds if not key.startswith('_') and key != 'async_req'}
    marks = {key: Mark(key) for key in ours | known}
    recorder = function.__self__.api_client
    function(**marks)
    path, verb, path_params, query, more = recorder.call
    parameters = []
    for key, mark in path_params.items():
        kind = schema_of(kinds.get(mark.name, 'str'))
        # `pipeline.pipeline_id` is the same place in the path as `pipeline_id`.
        short = key.rsplit('.', 1)[-1]
        path = path.replace('{' + key + '}', '{' + short + '}')
        parameters.append({'name': short, 'in': 'path', 'required': True, 'schema': kind})
    for key, mark in query:
        parameters.append({'name': key, 'in': 'query', 'schema': schema_of(kinds.get(mark.name, 'str'))})
    operation = {'operationId': function.__name__, 'parameters': parameters,
                 'responses': {'200': {'description': 'done'}}}
    if body := more.get('body'):
        operation['requestBody'] = {'required': True, 'content': {
            'application/json': {'schema': schema_of(kinds[body.name])}}}
    if files := more.get('files'):
        fields = {key: {'type': 'string', 'format': 'binary'} for key in files}
        operation['requestBody'] = {'required': True, 'content': {'multipart/form-data': {
            'schema': {'type': 'object', 'properties': fields, 'required': list(fields)}}}}
    return path, verb.lower(), operation


class Mark:
    """Stands for a parameter's value and remembers whose it is."""

    def __init__(self, name):
        self.name = name


def document():
    paths = {}
    for name, service in sorted(inspect.getmembers(kfp_server_api, inspect.isclass)):
        if not name.endswith('Api'):
            continue
        service = service(Recorder())
        for key, function in inspect.getmembers(service, inspect.ismethod):
            if key.startswith('_') or key.endswith('_with_http_info'):
                continue
            path, verb, operation = operation_of(function)
            paths.setdefault(path, {})[verb] = operation
    components = {
        name: component_of(model) for name, model in inspect.getmembers(models, inspect.isclass)
        if hasattr(model, 'openapi_types')
    }
    return {
        'openapi': '3.0.3',
        'info': {'title': 'Kubeflow Pipelines', 'version': kfp_server_api.__version__},
        'paths': paths,
        'components': {'schemas': components},
    }


if __name__ == '__main__':
    assert len(sys.argv) == 2, __doc__
    with open(sys.argv[1], 'w') as file:
        json.dump(document(), file, indent=1)
