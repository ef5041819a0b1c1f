-- csv: quoting, headers, exact text, and no field that shifts in silence.
local function fails(f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "this must fail")
	assert(err.kind == "validation", tostring(err))
	return tostring(err)
end

local rows = {
	{ name = 'a "quoted" one', note = "two\nlines", n = 9007199254740993 },
	{ name = "comma, here", note = "", n = 0.1 },
	{ name = " spaces ", on = true, n = null },
}
local text = csv.encode(rows)
assert(text == 'n,name,note,on\n9007199254740993,"a ""quoted"" one","two\nlines",\n0.1,"comma, here",,\n, spaces ,,true\n', text)
local back, columns = csv.decode(text)
assert(#back == 3 and table.concat(columns, " ") == "n name note on", "the header is the second result")
assert(back[1].name == rows[1].name and back[1].note == "two\nlines" and back[1].n == "9007199254740993", "text is exact")
assert(back[2].note == "" and back[3].name == " spaces " and back[3].on == "true", "an empty field is an empty text")

assert(csv.encode(rows, { columns = { "name", "n" } }):find('^name,n\n"a ""quoted"" one",9007199254740993\n'), "columns choose and order")
assert(csv.encode({ { 1, "b" }, { "c", null } }) == "1,b\nc,\n", "lists have no header")
assert(csv.encode({ { 1, 2 } }, { columns = { "a", "b" } }) == "a,b\n1,2\n", "unless one is given")
assert(csv.encode({ { a = 1 } }, { header = false, separator = ";", crlf = true }) == "1\r\n")
assert(csv.encode { { a = "x;y", b = "z" } } == "a,b\nx;y,z\n" and csv.encode({ { a = "x;y" } }, { separator = ";" }) == 'a\n"x;y"\n')
assert(csv.encode {} == "" and #csv.decode "" == 0, "nothing is nothing")
assert(csv.encode { { a = secret "hook-token" } } == "a\n[secret]\n", "a secret stays one")

local lists = csv.decode("1;2\n3;4\n", { header = false, separator = ";" })
assert(lists[1][1] == "1" and lists[2][2] == "4")
assert(csv.decode("\xef\xbb\xbfa,b\r\n1,2\r\n")[1].a == "1", "a byte order mark and Windows' line ends")
for _, own in ipairs { "\xef\xbb\xbfa", "\xef\xbb\xbf\xfe,", "\xef\xbb\xbf\xef\xbb\xbf", "\xef\xbb\xbf\"x" } do
	local text = csv.encode({ { own, "1" } }, { separator = ";" })
	assert(csv.decode(text, { header = false, separator = ";" })[1][1] == own, "a mark that is a field's own stays")
end
assert(csv.decode("a\n\xe4\xbd\xa0\xe5\xa5\xbd\n")[1].a == "\u{4f60}\u{597d}")
assert(fails(csv.decode, "a,b\n1\n"):find("line 2 has 1 fields", 1, true), "a short row is an error")
for text, line in pairs {
	['a,b\n1,"x\n2,3\n'] = 2,
	['"'] = 1,
	['a\n"x""'] = 2,
	['a\n"x\ny"\n"z\n'] = 4,
	['a;b\n1;"x'] = 2,
	['a\n"x\n\n""'] = 2,
} do
	local options = { separator = text:find(";", 1, true) and ";" or "," }
	local problem = fails(csv.decode, text, options)
	assert(problem:find("quotation mark on line " .. line .. " is never closed", 1, true), problem)
end
for text, line in pairs { ['a\n"x"y\n'] = 2, ['"a"b\n1\n'] = 1, ['a,b\n1,"two\nlines" \n'] = 3, ['a\n"x" "y"\n'] = 2 } do
	local ok, e = pcall(csv.decode, text)
	assert(not ok and tostring(e):find("on line " .. line .. " a field goes on behind its closing quotation mark", 1, true), tostring(e))
end
assert(csv.decode('a\n"x""y"\n5"\n')[1].a == 'x"y', "marks that are closed, or inside a field")
assert(fails(csv.decode, "a,a\n1,2\n"):find("twice", 1, true), "a name twice would lose a field")
assert(fails(csv.encode, { { a = {} } }):find("row 1, a", 1, true), "a table is no field")
assert(fails(csv.encode, { 5 }):find("row 1", 1, true))
assert(fails(csv.encode, { { [5.5] = 1 } }):find("no name", 1, true))
assert(fails(csv.encode, {}, { colums = {} }):find("columns", 1, true))
assert(fails(csv.encode, {}, { separator = ",," }):find("separator", 1, true))
fails(csv.encode, "x")
fails(csv.decode, {})
assert(require "csv" == csv)

-- A row as wide as memory lets it be is one, and a header of so many names is refused with its line.
local wide = ("a,"):rep(1200000)
assert(#csv.decode(wide, { header = false })[1] == 1200001)
assert(fails(csv.decode, wide):find("the header on line 1 has more than 100000 names", 1, true))
assert(fails(csv.decode, ("a,"):rep(2000000)):find("line 1 has more than 2000000 fields", 1, true))

-- Bytes go both ways as they are.
local bytes = csv.decode("a\xfe,b\n\xff,1\n")
assert(bytes[1]["a\xfe"] == "\xff" and csv.encode(bytes) == "a\xfe,b\n\xff,1\n" and csv.encode { { "\xff" } } == "\xff\n")
assert(csv.encode(bytes, { columns = { "b", "a\xfe" } }) == "b,a\xfe\n1,\xff\n")
