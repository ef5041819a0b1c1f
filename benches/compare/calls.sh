#!/bin/sh
# Requests a second of a script that makes signed calls, beside a bare reqwest loop of the same concurrency, against one `cumulua sim`.
# Both sides run in turn, five times; the last line of each concurrency has the ratio of the medians. Then: memory of 10,000 waits.
#
#   benches/compare/calls.sh [COUNT]
set -eu
cd "$(dirname "$0")/../.."
count=${1:-20000}
cargo build --quiet --release --bin cumulua --example bare_calls
bin=target/release/cumulua
work=$(mktemp -d)
trap 'kill $server 2>/dev/null || true; rm -rf "$work"' EXIT
$bin sim --listen 127.0.0.1:0 --speed 1 > "$work/sim" &
server=$!
until grep -q listening "$work/sim"; do sleep 0.1; done
url=$(sed -n 's/^listening on //p' "$work/sim")
cat > "$work/calls.lua" <<'LUA'
local count, concurrency = tonumber(args[1]), tonumber(args[2])
local describe, now, left = cds.ccs.DescribeTags, time.now, count
local workers = {}
for index = 1, concurrency do
	workers[index] = function()
		while left > 0 do
			left = left - 1
			describe()
		end
	end
end
local started = now()
parallel(workers)
print(("%.0f"):format(count / (now() - started)))
LUA
cat > "$work/waits.lua" <<'LUA'
local order = cds.ccs.CreateInstance {
	RegionId = "CN_Beijing_A", VdcId = "0bb08ed7-e686-4168-93e5-e0187579753b", InstanceName = "wait", Cpu = 2, Ram = 4, InstanceType = "CCS.C3",
	Password = "Abc!12345x",
}
local list = {}
for index = 1, tonumber(args[1]) do
	list[index] = index
end
parallel.map(list, function() wait(order) end, { limit = #list })
LUA
median() { sort -n "$1" | sed -n 3p; }
for concurrency in 1 64; do
	n=$count
	[ $concurrency = 1 ] && n=$((count / 4))
	: > "$work/bare"; : > "$work/script"
	for _ in 1 2 3 4 5; do
		target/release/examples/bare_calls "$url" "$n" $concurrency >> "$work/bare"
		$bin run --no-record --audit /dev/null --endpoint cds="$url" "$work/calls.lua" "$n" $concurrency >> "$work/script"
	done
	echo "$concurrency at a time: bare $(median "$work/bare")/s, script $(median "$work/script")/s, ratio" \
		"$(echo "$(median "$work/script") $(median "$work/bare")" | awk '{ printf "%.2f", $1 / $2 }')"
done
$bin run --no-record --audit /dev/null --endpoint cds="$url" "$work/waits.lua" 10000 2> /dev/null &
run=$!
sleep 20
echo "10,000 waits: $(awk '/VmHWM/ { print $2 }' /proc/$run/status) kB at most"
kill -9 $run
