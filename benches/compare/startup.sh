#!/usr/bin/env bash
# Start-up against lua5.4: wall time side by side in one hyperfine run, memory, and instructions.
# Needs lua5.4, hyperfine and valgrind (Debian packages of those names).
set -eu
cd "$(dirname "$0")/../.."
cargo build --release --quiet
cumulua=target/release/cumulua
hyperfine -N --warmup 20 --runs 300 "$cumulua run -e ''" "lua5.4 -e ''"
for command in "$cumulua run -e" "lua5.4 -e"; do
    # shellcheck disable=SC2086
    printf '%s: %s KB\n' "$command" "$(/usr/bin/time -f %M $command '' 2>&1)"
    # shellcheck disable=SC2086
    printf '%s: %s instructions\n' "$command" "$(valgrind --tool=callgrind --callgrind-out-file=/dev/null $command '' 2>&1 | sed -n 's/.*Collected : //p')"
done
