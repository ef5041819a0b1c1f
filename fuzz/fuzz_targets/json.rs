//! `json.decode` of a script: what it gives is encoded and decoded to the same text, and what is no
//! JSON is refused with its place.
#![no_main]

use cumulua_fuzz::Vm;
use libfuzzer_sys::fuzz_target;

thread_local! {
    static VM: Vm = Vm::default();
}

const SCRIPT: &str = r#"
local ok, value = pcall(json.decode, text)
if not ok then
	assert(value.kind == "validation", tostring(value))
	local message = tostring(value)
	assert(message:find "line %d" or message:find "UTF%-8" or message:find "nested", message)
	return
end
local once = json.encode(value)
local twice = json.encode(json.decode(once))
assert(once == twice, once .. " is not " .. twice)
assert(json.encode(json.decode(json.encode(value, { indent = true }))) == once)
"#;

fuzz_target!(|text: &[u8]| {
    VM.with(|vm| vm.run(SCRIPT, text));
});
