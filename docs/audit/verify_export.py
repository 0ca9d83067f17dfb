"""python3 verify_export.py EXPORT VKEY [VKEY …]: ends with 0 only if all that EXPORT says was signed by every key given.

EXPORT is what `writ audit export` wrote, VKEY what `writ audit key` showed; docs/audit.md explains both. Needs no Writ."""
import base64, hashlib, json, sys, uuid
import ed25519

def sha256(*parts): return hashlib.sha256(b"".join(parts)).digest()
def check(holds, what): holds or sys.exit(f"NOT VERIFIED: {what}")

def unhex(text):
    check(bytes.fromhex(text).hex() == text, f"{text} is no plain hexadecimal")
    return bytes.fromhex(text)

def unbase64(text):
    check(base64.b64encode(base64.b64decode(text, validate=True)).decode() == text, f"{text} is no plain base64")
    return base64.b64decode(text)

def record(line, *names):  # One way to write a line: so no byte of it can be other without its meaning being other.
    value = json.loads(line)
    check([*value] == [*names] and json.dumps(value, separators=(",", ":"), ensure_ascii=False) == line, f"form of {line[:60]}")
    return value.values()

def tree(leaves):  # RFC 6962, 2.1
    if len(leaves) < 2: return leaves[0] if leaves else sha256()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1", tree(leaves[:half]), tree(leaves[half:]))

def climb(leaf, place, size, proof):  # RFC 9162, 2.1.3.2
    last = size - 1
    for step in proof:
        check(last > 0, "a proof is too long")
        left = place % 2 or place == last
        leaf = sha256(b"\1", step, leaf) if left else sha256(b"\1", leaf, step)
        while left and place and not place % 2: place, last = place // 2, last // 2
        place, last = place // 2, last // 2
    return leaf if last == 0 else None

def signed(note, vkey):  # C2SP signed-note, ed25519
    (text, _, lines), (name, number, key) = note.rpartition("\n\n"), vkey.split("+", 2)
    number, key = unhex(number), unbase64(key)
    check(key[0] == 1 and number == sha256(name.encode(), b"\n", key)[:4], f"{vkey} is no key")
    by = [unbase64(line.split(" ")[2]) for line in lines.split("\n")[:-1] if line.startswith(f"\u2014 {name} ")]
    check(any(sig[:4] == number and ed25519.verify(key[1:], f"{text}\n".encode(), sig[4:]) for sig in by), f"no signature of {name}")
    return name

def event(line):
    place, run, number, at_ms, flags, in_log, in_run, text, proof = record(
        line, "position", "run", "number", "at_ms", "flags", "before_in_log", "before_in_run", "json", "proof")
    check(str(uuid.UUID(run)) == run, f"{run} is no run")
    text, little = text.encode(), lambda n: n.to_bytes(8, "little")
    if flags & 1: text = sha256(text) + little(len(text))
    hash = sha256(bytes([1, flags]), uuid.UUID(run).bytes, little(number), little(at_ms), unhex(in_log), unhex(in_run), text)
    return place, run, number, unhex(in_log), unhex(in_run), hash, [unhex(step) for step in proof]

header, *lines = open(sys.argv[1], encoding="utf-8", newline="").read().split("\n")
form, scope, count, note = record(header, "format", "scope", "events", "checkpoint")
names = [signed(note, vkey) for vkey in sys.argv[2:]]
origin, size, root, _ = note.rpartition("\n\n")[0].split("\n") + [""]
check(origin in names, f"give the key of the log {origin}")
check(form == "writ-export-1" and lines.pop() == "" and count == len(lines), "events are missing, or there are too many")
size, root, head, runs, leaves = int(size), unbase64(root), bytes(32), {}, []
for line in lines:
    place, run, number, in_log, in_run, hash, proof = event(line)
    check(runs.get(run, (0, bytes(32))) == (number, in_run), f"event {place} does not follow the one before it in its run")
    leaf, head, runs[run] = sha256(b"\0", hash), hash if in_log == head else None, (number + 1, hash)
    leaves.append(leaf)
    if scope == "log": check(place == len(leaves) - 1 and head and not proof, f"event {place} does not follow the one before it")
    else: check(climb(leaf, place, size, proof) == root, f"event {place} is not in the tree")
check(scope == "log" and count == size and tree(leaves) == root or scope == "run" and len(runs) < 2, "the root is another")
print(f"verified: {count} events of {len(runs)} runs, in the first {size} of {origin}, signed by {', '.join(names)}")
