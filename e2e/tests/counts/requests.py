"""Holds requests against AWS's own models, as botocore has them.

Reads a list of {"service", "operation", "parameters"} as JSON and prints what AWS would refuse, a line each. Instead of
"parameters" a request may have "wire": {"uri", "querystring", "header", "body"}, as it was sent. botocore's own validation leaves upper bounds, patterns and enumerations to the service; here they are looked at too.
"""

import json
import re
import sys

import botocore.session
from botocore.validate import ParamValidator

session = botocore.session.get_session()
models = {}


def model_of(service):
    if service not in models:
        models[service] = session.get_service_model(service)
    return models[service]


def beyond(shape, value, path):
    """What is too long, too large or of no known form, at any depth."""
    if value is None:
        return
    limits = shape.metadata
    size = value if shape.type_name in ("integer", "long", "float", "double") else None
    if shape.type_name in ("string", "blob", "list", "map"):
        size = len(value)
    if size is not None and "max" in limits and size > limits["max"]:
        yield f"{path}: {size} is more than {limits['max']}"
    if shape.type_name == "string":
        if "pattern" in limits and not re.search(limits["pattern"], value):
            yield f"{path}: {value!r} is not {limits['pattern']}"
        if "enum" in limits and value not in limits["enum"]:
            yield f"{path}: {value!r} is none of {limits['enum']}"
    if shape.type_name == "structure":
        for name, member in value.items():
            if name in shape.members:
                yield from beyond(shape.members[name], member, f"{path}.{name}")
    if shape.type_name == "list":
        for index, member in enumerate(value):
            yield from beyond(shape.member, member, f"{path}[{index}]")
    if shape.type_name == "map":
        for key, member in value.items():
            yield from beyond(shape.key, key, f"{path}.{key}")
            yield from beyond(shape.value, member, f"{path}.{key}")


def parameters_of(shape, wire):
    """The parameters that were sent so, for services that speak REST and JSON."""
    body_is = shape.serialization.get("payload")
    body = json.loads(wire["body"] or "{}") if body_is is None else {}
    found = {}
    for name, member in shape.members.items():
        place = member.serialization.get("location")
        key = member.serialization.get("name", name)
        if name == body_is:
            found[name] = wire["body"]
        elif place == "header":
            found[name] = wire[place].get(key.lower())
        else:
            found[name] = (wire[place] if place else body).get(key)
    return {name: value for name, value in found.items() if value is not None}


def complaints(request):
    operation = model_of(request["service"]).operation_model(request["operation"])
    shape = operation.input_shape
    parameters = request.get("parameters") or parameters_of(shape, request["wire"])
    report = ParamValidator().validate(parameters, shape)
    if report.has_errors():
        yield report.generate_report()
    else:
        yield from beyond(shape, parameters, "")


for request in json.load(sys.stdin):
    for complaint in complaints(request):
        print(f"{request['service']} {request['operation']}: {complaint}")
