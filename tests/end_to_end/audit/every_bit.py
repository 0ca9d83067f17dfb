"""python3 every_bit.py SCRIPT KEY STEP WHOLE [BENT …]: lets SCRIPT, as it is, judge files, each time from its first line to its last.

Ends with 0 only if it verifies WHOLE, and neither a file BENT nor WHOLE with one bit flipped: each one if STEP is 1, else each
STEPth. One process, because starting Python for each of the many thousand files would take hours."""
import contextlib, functools, io, os, sys

script, key, step, whole, *bent = sys.argv[1:]
sys.path[0] = os.path.dirname(script)
import ed25519

# The same signature over the same note is checked once: that is slow, and does not depend on the rest of the file.
ed25519.verify = functools.cache(ed25519.verify)
code = compile(open(script, encoding="utf-8").read(), script, "exec")

def verifies(path):
    sys.argv[:] = [script, path, key]
    try:
        with contextlib.redirect_stdout(io.StringIO()): exec(code, {"__name__": "__main__"})
    except SystemExit as end: return end.code in (None, 0)
    except Exception: return False  # Python ends with 1
    return True

if not verifies(whole): sys.exit(f"{whole} is not verified")
for path in bent:
    if verifies(path): sys.exit(f"{path} is verified")
content = open(whole, "rb").read()
bits = range(0, len(content) * 8, int(step))
for bit in bits:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    with open(whole + ".bit", "wb") as file: file.write(changed)
    if verifies(whole + ".bit"): sys.exit(f"{whole} is verified with bit {bit % 8} of byte {bit // 8} flipped: {bytes(changed)}")
print(f"refused: {len(bent)} files, {len(bits)} bits")
