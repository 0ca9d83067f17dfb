"""python3 verify_export.py EXPORT VKEY [VKEY …]: ends with 0 only if all that EXPORT says was signed by every key given.

EXPORT is what `writ audit export` wrote, VKEY what `writ audit key` showed; docs/audit.md explains both. Needs no Writ."""
import base64, json, struct, sys, uuid
import tlog

if len(sys.argv) < 3 or any(vkey.count("+") < 2 for vkey in sys.argv[2:]):
    print("usage: " + __doc__.split(":")[0], file=sys.stderr), sys.exit(2)
sys.excepthook = lambda kind, error, _: print(f"NOT VERIFIED: {kind.__name__}: {error}", file=sys.stderr)  # Ends with 1
def need(holds, what): holds or sys.exit(f"NOT VERIFIED: {what}")
def run_id(text): return str(uuid.UUID(text))
def hash32(text): return int(text, 16).to_bytes(32, "big").hex()
def read(line, **kinds):  # A line has one spelling: these keys in this order, each value as its kind writes it again.
    value = json.loads(line)
    value = {key: kind(value[key]) for key, kind in kinds.items()}
    need(json.dumps(value, separators=(",", ":"), ensure_ascii=False) == line, f"form of {line[:60]!r}")
    return value.values()

header, *lines, end = open(sys.argv[1], encoding="utf-8", newline="").read().split("\n")
form, scope, count, note = read(header, format=str, scope=str, events=int, checkpoint=str)
need(form == "writ-export-1" and end == "" and count == len(lines), "events are missing, or there are too many")
for vkey in sys.argv[2:]: need(tlog.signed(note, vkey), f"no signature of {vkey}")
origin, size, root = note.rpartition("\n\n")[0].split("\n")
names = [vkey.split("+")[0] for vkey in sys.argv[2:]]
need(origin in names, f"give the key of the log {origin!r}")
size, root, head, runs, leaves = int(size), base64.b64decode(root), "0" * 64, {}, []
for line in lines:
    place, run, number, at_ms, flags, in_log, in_run, event, proof = read(
        line, position=int, run=run_id, number=int, at_ms=int, flags=int, before_in_log=hash32, before_in_run=hash32,
        json=str, proof=lambda steps: [hash32(step) for step in steps])
    need((number, in_run) == runs.get(run, (0, "0" * 64)), f"event {place} does not follow the one before it in its run")
    need(scope == "run" or (place, in_log, proof) == (len(leaves), head, []), f"event {place} does not follow the one before it")
    event = event.encode()
    if flags & 1: event = tlog.sha256(event) + struct.pack("<Q", len(event))
    start = struct.pack("<BB16sQQ", 1, flags, uuid.UUID(run).bytes, number, at_ms)
    hash = tlog.sha256(start, bytes.fromhex(in_log), bytes.fromhex(in_run), event)
    head, runs[run] = hash.hex(), (number + 1, hash.hex())
    leaves.append(tlog.sha256(b"\0", hash))
    path = [bytes.fromhex(step) for step in proof]
    need(scope == "log" or tlog.climb(leaves[-1], place, size, path) == root, f"event {place} is not in the tree")
need((scope, count, tlog.tree(leaves)) == ("log", size, root) or (scope, len(runs)) == ("run", 1), "the root is another")
print(f"verified: {count} events of {len(runs)} runs, in the first {size} of {origin}, signed by {', '.join(names)}")
