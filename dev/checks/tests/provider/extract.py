"""Writes what one version of the AWS provider takes and tells of the kinds that the Terraform sources use.

    pip download --no-deps cdktn-provider-aws
    python3 dev/checks/tests/provider/extract.py cdktn_provider_aws-*.whl terraform > dev/checks/tests/provider/aws.json

The wheel holds bindings that are generated from the provider's own schema: an interface for each kind and for each block in it,
whose fields name the argument that they stand for and are optional where it is.
"""

import io
import json
import pathlib
import re
import sys
import tarfile
import zipfile

KIND = re.compile(r'^(resource|data) "(aws_\w+)"', re.MULTILINE)
PROVIDER = re.compile(r"hashicorp/aws provider version ([\d.]+)")
TYPE = re.compile(r'tfResourceType = "(\w+)"')
INTERFACE = re.compile(r"^export interface (\w+)[^{]*\{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
FIELD = re.compile(r"#(\w+) \w+#\w+\}.*?\n    readonly \w+(\??): (.*?);\n", re.DOTALL)
CLASS = re.compile(r"^(?:export )?class \w+ extends cdktn\.Terraform(?:Resource|DataSource) \{\n(.*)^\}", re.MULTILINE | re.DOTALL)
ATTRIBUTE = re.compile(r"this\.get\w*Attribute\(['\"](\w+)['\"]\)|new [\w.]+\(this, \"(\w+)\"")


def arguments(interfaces, name):
    """Each argument: true if it is required, false if not; of a block, its own arguments with that beside them."""
    found = {}
    for argument, optional, kind in FIELD.findall(interfaces[name]):
        block = re.match(r"\w*", kind).group()
        required = not optional
        if block in interfaces:
            found[argument] = {"required": required, "block": arguments(interfaces, block)}
        else:
            found[argument] = required
    return found


def kind(declarations, code):
    interfaces = dict(INTERFACE.findall(declarations))
    config = next(name for name, body in interfaces.items() if name.endswith("Config") and f"export interface {name} extends cdktn.TerraformMetaArguments" in declarations)
    told = {one or other for one, other in ATTRIBUTE.findall(CLASS.search(code).group(1))}
    taken = arguments(interfaces, config)
    return {"arguments": taken, "attributes": sorted(told - set(taken))}


def main(wheel, sources):
    wanted = set()
    for file in pathlib.Path(sources).rglob("*.tf"):
        wanted |= {("data_" if kind == "data" else "") + name for kind, name in KIND.findall(file.read_text())}
    with zipfile.ZipFile(wheel) as archive:
        metadata = next(name for name in archive.namelist() if name.endswith("METADATA"))
        version = PROVIDER.search(archive.read(metadata).decode()).group(1)
        package = next(name for name in archive.namelist() if name.endswith(".jsii.tgz"))
        bindings = tarfile.open(fileobj=io.BytesIO(archive.read(package)))
    files = {}
    for member in bindings:
        parts = pathlib.PurePosixPath(member.name).parts
        if len(parts) > 3 and parts[1] == "lib" and member.name.endswith((".js", ".d.ts")):
            declarations, code = files.setdefault(parts[2], ([], []))
            text = bindings.extractfile(member).read().decode()
            (declarations if member.name.endswith(".d.ts") else code).append(text)
    kinds = {}
    for declarations, code in files.values():
        code, declarations = "\n".join(code), "\n".join(declarations)
        name = TYPE.search(code)
        is_data = "extends cdktn.TerraformDataSource" in code
        name = name and ("data_" if is_data else "") + name.group(1)
        if name in wanted:
            kinds[name] = kind(declarations, code)
    missing = wanted - set(kinds)
    if missing:
        sys.exit(f"the wheel has no {sorted(missing)}")
    compact = {name: json.dumps(kinds[name], sort_keys=True, separators=(",", ":")) for name in sorted(kinds)}
    lines = [f"{json.dumps(name)}: {line}" for name, line in compact.items()]
    print(f'{{"provider": "hashicorp/aws {version}", "kinds": {{\n' + ",\n".join(lines) + "\n}}")


if __name__ == "__main__":
    main(*sys.argv[1:])
