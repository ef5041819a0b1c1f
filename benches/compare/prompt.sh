#!/usr/bin/env bash
# From start to prompt and out again, the memory that a waiting prompt takes, and the processor time that it uses in ten seconds.
# Needs hyperfine and script (Debian packages hyperfine and util-linux).
set -eu
cd "$(dirname "$0")/../.."
cargo build --release --quiet
cumulua=$PWD/target/release/cumulua
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export HOME=$home XDG_STATE_HOME=$home/state TERM=xterm-256color
# Ctrl-D waits in the terminal's buffer, so the session leaves at its first prompt.
hyperfine -N --warmup 5 --runs 100 "sh -c 'printf \"\\004\" | script -qec \"$cumulua --sim\" /dev/null'" \
    "sh -c 'printf \"\\004\" | script -qec true /dev/null'"
mkfifo "$home/keys"
script -qec "$cumulua --sim" /dev/null <"$home/keys" >/dev/null &
exec 3>"$home/keys"
sleep 1
waiting=$(pgrep -n -f "^$cumulua --sim")
grep VmRSS "/proc/$waiting/status"
before=$(awk '{print $14 + $15}' "/proc/$waiting/stat")
sleep 10
after=$(awk '{print $14 + $15}' "/proc/$waiting/stat")
echo "processor time in 10 s: $((after - before)) ticks"
exec 3>&-
kill "$waiting"
