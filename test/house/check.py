"""The rules of the house that a machine can check. Each prints "ok NAME" or "not ok NAME: why"; exit 1 on any refusal.

    check.py BUILD_DIR

First every rule is shown a small tree that breaks it, and must refuse it: a rule that cannot fail is a defect.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Room → the rooms whose headers it may include.
LAYERS = {
    "lib": {"lib"},
    "audit": {"audit", "lib"},
    "scim": {"scim", "lib", "audit"},
    "saml": {"saml", "lib", "audit"},
    "mail": {"mail", "lib", "audit"},
    "portal": {"portal", "lib", "scim", "saml", "mail", "audit"},
    "cmd": {"cmd", "lib", "audit", "scim", "saml", "mail", "portal"},
}
ROOMS = tuple(LAYERS)

# Foreign header → where it may be included (fnmatch over the path).
HOMES = {
    "microhttpd.h": r"lib/http_.*\.[ch]",
    "libpq-fe.h": r"lib/db.*\.[ch]",
    "cyaml/": r"lib/settings.*\.c",
    "openssl/": r"lib/crypto.*\.c",
    "utf8proc.h": r"lib/(text|address)\.c",
    "idn2.h": r"lib/address\.c",
    "pthread.h": r"lib/thread\.[ch]",
    "curl/": r"lib/(http|smtp)_client.*\.c",
    "libxml/": r"saml/verifier/.*\.[ch]",
    "xmlsec/": r"saml/verifier/.*\.[ch]",
    "lasso/": r"saml/verifier/.*\.[ch]",
    "seccomp.h": r"saml/verifier/sandbox\.c",
    "zlib.h": r"saml/verifier/gate.*\.c",
}
BANNED = ("strcpy strcat sprintf vsprintf strtok gets system popen alloca atoi atol atof strncpy strncat tmpnam mktemp "
          "scanf sscanf").split()
MAX_FILE, MAX_FUNCTION = 500, 60
SQL_HOMES = r"((audit|scim|saml|mail|portal|cmd)/store[^/]*\.[ch]|lib/db[^/]*\.c)"
SQL = re.compile(r'"\s*(SELECT|INSERT\s+INTO|UPDATE|DELETE\s+FROM|WITH|CREATE|ALTER|GRANT|TRUNCATE)\s', re.ASCII)
MARKS = re.compile(r"\b(TODO|FIXME|XXX|HACK|not implemented|stub|placeholder)\b", re.I)
# Read-only by their nature or made by GLib's own macros.
GLOBALS_ALLOWED = re.compile(r"(_quark|_get_instance_private|static_g_define_type_id|_resource(_data)?$|g_define_type_id__|"
                             r"^q$|^q\.|^static_resource|extern_constructor|^completed\.|^initialized\.|__asan|__odr_asan|\.LASAN|"
                             r"_GLOBAL__|^quark|^migrations)")


def sources(root, *suffixes):
    for room in (*ROOMS, "test"):
        for path in sorted((root / room).rglob("*")):
            if path.is_file() and path.suffix in suffixes:
                yield path


def code_only(text):
    """Comments and strings blanked, lines kept."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)


def includes(path):
    for line in path.read_text(encoding="utf-8").splitlines():
        match = re.match(r'\s*#\s*include\s+([<"])([^>"]+)[>"]', line)
        if match:
            yield match.group(1), match.group(2)


def rule_layers(root, _build):
    """By the include lines."""
    for path in sources(root, ".c", ".h"):
        room = path.relative_to(root).parts[0]
        for kind, name in includes(path):
            target = name.split("/")[0]
            if kind == '"' and room in LAYERS and target in LAYERS and target not in LAYERS[room]:
                yield f"{path.relative_to(root)} includes {name}: {room}/ may include {', '.join(sorted(LAYERS[room]))} only"


def rule_layers_compiled(root, build):
    """By what the compiler really read, which no include path can hide."""
    if build is None:
        return
    deps = subprocess.run(["ninja", "-C", str(build), "-t", "deps"], capture_output=True, text=True, check=True).stdout
    if not deps.strip():
        yield f"{build} holds no dependency records; build first"
    room = None
    for line in deps.splitlines():
        if line and not line.startswith(" "):
            match = re.match(r"(\w+)/[^:]*\.p/.*\.o:", line)
            room = match.group(1) if match and match.group(1) in LAYERS else None
        elif room and line.strip():
            path = (build / line.strip()).resolve()
            if path.is_relative_to(root):
                target = path.relative_to(root).parts[0]
                if target in LAYERS and target not in LAYERS[room]:
                    yield f"an object of {room}/ was compiled from {path.relative_to(root)}"


def rule_homes(root, _build):
    for path in sources(root, ".c", ".h"):
        relative = str(path.relative_to(root))
        if relative.startswith("test/"):
            continue
        for _, name in includes(path):
            for header, home in HOMES.items():
                if name.startswith(header) and not re.fullmatch(home, relative):
                    yield f"{relative} includes <{name}>, whose home is {home}"


def rule_banned(root, _build):
    pattern = re.compile(r"(?<![\w.>])(" + "|".join(BANNED) + r")\s*\(")
    for path in sources(root, ".c", ".h"):
        for number, line in enumerate(code_only(path.read_text(encoding="utf-8")).splitlines(), 1):
            match = pattern.search(line)
            if match or re.search(r"\bgoto\b", line):
                yield f"{path.relative_to(root)}:{number} uses {match.group(1) if match else 'goto'}"


def rule_file_size(root, _build):
    for path in sources(root, ".c", ".h", ".py", ".sh"):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MAX_FILE:
            yield f"{path.relative_to(root)} has {lines} lines, over {MAX_FILE}"


def rule_function_size(root, _build):
    files = [str(path) for path in sources(root, ".c")]
    if not files:
        return
    listed = subprocess.run(["ctags", "-x", "--_xformat=%F\t%N\t%n\t%{end}", "--kinds-C=f", "--fields=+e", *files],
                            capture_output=True, text=True, check=True).stdout
    for line in listed.splitlines():
        name, function, begin, end = line.split("\t")
        size = int(end or begin) - int(begin) + 1
        if size > MAX_FUNCTION:
            yield f"{pathlib.Path(name).relative_to(root)}:{function} has {size} lines, over {MAX_FUNCTION}"


def rule_sql(root, _build):
    for path in sources(root, ".c", ".h"):
        relative = str(path.relative_to(root))
        if relative.startswith("test/") or re.fullmatch(SQL_HOMES, relative):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if SQL.search(line):
                yield f"{relative}:{number} holds SQL; its place is a store file"


def rule_marks(root, _build):
    for path in sources(root, ".c", ".h", ".py", ".sql", ".sh"):
        if path.name == "check.py":
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if MARKS.search(line):
                yield f"{path.relative_to(root)}:{number} is unfinished: {line.strip()[:80]}"


def rule_headers(root, _build):
    for path in sources(root, ".h"):
        text = path.read_text(encoding="utf-8")
        if "#pragma once" not in text:
            yield f"{path.relative_to(root)} lacks #pragma once"
        if not text.startswith("/*"):
            yield f"{path.relative_to(root)} does not begin with what it is"


def rule_globals(_root, build):
    """No mutable data in our objects: state is passed."""
    if build is None:
        return
    objects = [str(p) for room in ROOMS for p in (build / room).rglob("*.o") if (build / room).exists()]
    if not objects:
        yield f"{build} holds no objects; build first"
        return
    listed = subprocess.run(["objdump", "-t", *objects], capture_output=True, text=True, check=True).stdout
    where = ""
    for line in listed.splitlines():
        if line.endswith("file format elf64-x86-64") or ":     file format" in line:
            where = pathlib.Path(line.split(":")[0]).name
        match = re.match(r"[0-9a-f]+ .{7} (\.t?(?:data|bss)\S*)\s+[0-9a-f]+ (?:\.hidden )?(\S+)$", line)
        if match and ".rel.ro" not in match.group(1) and not match.group(2).startswith(".") \
                and not GLOBALS_ALLOWED.search(match.group(2)):
            yield f"{where} has the mutable global {match.group(2)}"


RULES = {
    "layers by include lines": rule_layers,
    "layers by compiled dependencies": rule_layers_compiled,
    "foreign headers in their homes": rule_homes,
    "banned calls": rule_banned,
    "file size": rule_file_size,
    "function size": rule_function_size,
    "SQL in store files": rule_sql,
    "no unfinished marks": rule_marks,
    "headers say what they are": rule_headers,
    "no mutable globals": rule_globals,
}

LONG_FUNCTION = "int long_one(void) {\n" + "  (void)0;\n" * 70 + "  return 0;\n}\n"
BAD = {  # rule → (file, text) that it must refuse
    "layers by include lines": ("lib/a.c", '#include "scim/filter.h"\n'),
    "foreign headers in their homes": ("scim/a.c", "#include <libpq-fe.h>\n"),
    "banned calls": ("lib/a.c", "void f(char *a) { strcpy(a, a); }\n"),
    "file size": ("lib/a.c", "/* */\n" * 501),
    "function size": ("lib/a.c", LONG_FUNCTION),
    "SQL in store files": ("scim/a.c", 'static const char *q = "SELECT 1";\n'),
    "no unfinished marks": ("lib/a.c", "/* TO" + "DO */\n"),
    "headers say what they are": ("lib/a.h", "int a;\n"),
}


def prove_rules():
    for name, (path, text) in BAD.items():
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder).resolve()
            (root / path).parent.mkdir(parents=True)
            (root / path).write_text(text)
            if not list(RULES[name](root, None)):
                yield f"the rule \"{name}\" accepts what it must refuse"
    with tempfile.TemporaryDirectory() as folder:
        build = pathlib.Path(folder).resolve()
        (build / "lib").mkdir()
        (build / "a.c").write_text("int counter = 3; int next(void) { return counter++; }\n")
        subprocess.run(["cc", "-c", str(build / "a.c"), "-o", str(build / "lib" / "a.o")], check=True)
        if not list(rule_globals(build, build)):
            yield "the rule \"no mutable globals\" accepts what it must refuse"


def main(argv):
    build = pathlib.Path(argv[0]).resolve()
    failed = False
    for name, refusals in [("every rule can refuse", prove_rules()), *((n, r(ROOT, build)) for n, r in RULES.items())]:
        found = list(refusals)
        failed = failed or bool(found)
        print(f"not ok {name}: {'; '.join(found[:8])}" + (f" and {len(found) - 8} more" if len(found) > 8 else "")
              if found else f"ok {name}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
