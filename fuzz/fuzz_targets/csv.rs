//! `csv.decode` of a script: rows are encoded and decoded to the same rows, and what is no CSV is
//! refused with its line.
#![no_main]

use cumulua_fuzz::Vm;
use libfuzzer_sys::fuzz_target;

thread_local! {
    static VM: Vm = Vm::default();
}

const SCRIPT: &str = r#"
for _, separator in ipairs { ",", ";", "\t" } do
	local options = { header = false, separator = separator }
	local ok, rows = pcall(csv.decode, text, options)
	if not ok then
		assert(rows.kind == "validation", tostring(rows))
		assert(tostring(rows):find "line %d", tostring(rows))
	else
		for _, crlf in ipairs { false, true } do
			local again = csv.decode(csv.encode(rows, { separator = separator, crlf = crlf }), options)
			assert(#again == #rows, #again .. " rows of " .. #rows)
			for at, row in ipairs(rows) do
				assert(#row == #again[at], "the width of row " .. at)
				for column, field in ipairs(row) do
					assert(field == again[at][column], ("row %d, %d: %q is %q"):format(at, column, field, again[at][column]))
				end
			end
		end
	end
	local named, records, columns = pcall(csv.decode, text, { separator = separator })
	if named and columns then
		local again, same = csv.decode(csv.encode(records, { columns = columns, separator = separator }), { separator = separator })
		assert(#again == #records and #same == #columns)
		for at, record in ipairs(records) do
			for name, field in pairs(record) do
				assert(field == again[at][name], ("record %d, %q: %q is %q"):format(at, name, field, again[at][name]))
			end
		end
	elseif not named then
		assert(records.kind == "validation", tostring(records))
	end
end
"#;

fuzz_target!(|text: &[u8]| {
    VM.with(|vm| vm.run(SCRIPT, text));
});
