#!/usr/bin/env python3
"""Holds `--max-memory` against what natives build outside the VM, by the largest memory that each process had.

    cargo build && tests/memory.py [--binary target/debug/cumulua] [--only WORD]

With 64 MB for the script no process may take more than 200 MB, whatever the script wants of its libraries.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

LIMIT = 200_000

# A text of 20 MB that a hundred places share: written out, it takes a hundred times as much.
SHARED = """local text = ('a'):rep(20000000)
local list, map, rows = {}, {}, {}
for i = 1, 100 do list[i], map['k' .. i], rows[i] = text, text, { text } end
local empty = ('[],'):rep(3000000)
"""

CASES = {
    "csv.decode of a wide row": "csv.decode(('a,'):rep(10 << 20))",
    "csv.decode of a wide row without names": "csv.decode(('a,'):rep(10 << 20), { header = false })",
    "csv.decode of the widest row": "csv.decode(('a,'):rep(1999999), { header = false })",
    "json.encode of a list": "json.encode(list)",
    "json.encode of an object": "json.encode(map)",
    "json.encode inside pcall": "for i = 1, 10 do pcall(json.encode, list) end",
    "json.encode of what grows by escapes": "json.encode(('\\1'):rep(20000000))",
    "json.encode of what shares its parts": "local t = {} for i = 1, 25 do t = { t, t } end json.encode(t)",
    "json.decode of empty lists": "json.decode('[' .. empty .. '1]')",
    "json.decode of numbers": "json.decode('[' .. ('1,'):rep(9000000) .. '1]')",
    "json.decode of one object": "local t = {} for i = 1, 200000 do t[i] = '\"k' .. i .. '\":1' end json.decode('{' .. table.concat(t, ',') .. '}')",
    "csv.encode of one row": "csv.encode { list }",
    "csv.encode of many rows": "csv.encode(rows)",
    "csv.decode of many rows": "csv.decode(('a,b\\n'):rep(5000000))",
    "csv.decode of many fields": "csv.decode((','):rep(20000000))",
    "pp": "pp(list)",
    "pp of records": "pp(rows)",
    "pp as JSON": "print(pp and json.encode(list, { indent = true }))",
    "parameters of a call": "cds.ccs.DescribeInstances { PublicIp = list }",
    "parameters of a call that is not in the catalogue": "cds.call('ccs', { action = 'X', params = map })",
    "options of a call": "cds.ccs.DescribeTags({}, map)",
    "a body of JSON": "http.post('https://x.example', { json = list })",
    "a fault of the simulator": "sim.fault(map)",
    "print": "print(table.unpack(list))",
    "io.write": "io.write(table.unpack(list))",
    "log": "log.info(table.unpack(list))",
    "string.rep": "local x = text:rep(50)",
    "string.format": "local x = ('%s'):rep(99):format(table.unpack(list))",
    "string.gsub": "local x = text:gsub('a', ('%0'):rep(12))",
    "table.concat": "local x = table.concat(list)",
    "coroutines": "local c = {} while true do c[#c + 1] = coroutine.create(function() end) coroutine.resume(c[#c]) end",
    "tasks": "local f = {} for i = 1, 1000000 do f[i] = function() time.sleep(1) end end parallel(f)",
    "waits": "local w = {} for i = 1, 100000 do w[i] = task('cds_task', tostring(i)) end wait(w)",
    "what was deferred": "while true do defer(function() end) end",
    "an error": "error(list)",
    "an error with a long message": "error { kind = 'x', message = text }",
    "a long name of a file": "for i = 1, 10 do pcall(io.open, text .. i) end",
    "a long name of a module": "pcall(require, text)",
    "a long name of a page": "pcall(help, text)",
    "a long time": "pcall(time.parse, text)",
    "a chunk": "load('return {' .. ('1,'):rep(9000000) .. '}')",
    "a long secret of many lines": "pcall(cds.ccs.CreateInstance, { Password = ('p\\n'):rep(4000000) })",
    "a long secret of many escapes": "pcall(cds.ccs.CreateInstance, { Password = ('pq\"\\\\'):rep(2000000) })",
    "secrets until there is no more room": "for i = 1, 300 do pcall(cds.ccs.CreateInstance, { Password = ('p\"' .. math.random(1 << 60)):rep(50) }) end log.info(('x'):rep(100000))",
    "an error of control characters": "text = nil error(('\\1'):rep(30000000))",
    "two errors of control characters": "text = nil local s = ('\\1'):rep(20000000) parallel { function() error(s) end, function() error(s .. '1') end }",
    "a long name of an Action": "pcall(function() return cds.ccs[text] end)",
    "a long name of a product": "pcall(function() return cds[text] end)",
    "a long name of an option": "pcall(cds.ccs.DescribeTags, {}, { [text] = 1 })",
    "a long name of an option of HTTP": "pcall(http.get, 'http://127.0.0.1/', { [text] = 1 })",
    "a long name of a parameter": "pcall(cds.ccs.DescribeTags, { [text:sub(1, 7000000)] = 1 })",
    "a long name of a profile": "pcall(cds.ccs.DescribeTags, {}, { profile = text })",
    "a long name of a secret": "pcall(secret, text)",
    "a long name of a variable": "pcall(env, text)",
    "a long name of a lock": "pcall(lock, text)",
    "a long name of a zone": "pcall(time.parse, '2024-01-01 00:00:00', text)",
    "a long id of a task": "pcall(wait, task('cds_task', text))",
    "long names of what the catalogue lacks": "pcall(cds.call, { service = 'ccs', action = text }) pcall(cds.call, { service = text, action = 'x' })",
    "a log line of control characters": "text = nil log.info(('\\1'):rep(15000000))",
    "an answer": "cds.ccs.DescribeTags {}",
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", type=Path, default=Path("target/debug/cumulua"))
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    binary, failed, most = options.binary.resolve(), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for name, code in CASES.items():
            if options.only not in name:
                continue
            command = [binary, "run", "--sim", "--max-memory", "64M", "--timeout", "60s", "-e", SHARED + code]
            process = subprocess.Popen(
                command,
                cwd=folder,
                env={"HOME": folder},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            said = process.stderr.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            most = max(most, usage.ru_maxrss)
            problem = ""
            if usage.ru_maxrss > LIMIT:
                problem = f"{usage.ru_maxrss // 1000} MB"
            elif process.returncode not in (0, 1):
                problem = f"status {process.returncode}: {said[:200]!r}"
            if problem or options.only:
                print(f"{'FAILED ' if problem else ''}{name}: {problem or usage.ru_maxrss // 1000}", flush=True)
            failed += bool(problem)
    print(f"{failed} failed; the most was {most // 1000} MB of {LIMIT // 1000}")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
