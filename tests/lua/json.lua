-- JSON both ways: integers exact to 64 bits, null kept in lists, empty lists kept apart from objects.
local function fails(f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "this must fail")
	return err
end

local encode, decode = json.encode, json.decode
assert(decode "9007199254740993" == 9007199254740993 and encode(9007199254740993) == "9007199254740993", "integers are exact")
assert(decode "9223372036854775807" == math.maxinteger and decode "-9223372036854775808" == math.mininteger, "to 64 bits")
assert(decode "9223372036854775808" == "9223372036854775808", "a larger one is a string")
assert(math.type(decode "1.0") == "float" and math.type(decode "1") == "integer", "floats and integers stay apart")
local zero = decode "-0"
assert(math.type(zero) == "float" and zero == 0 and 1 / zero < 0, "minus zero is a number")
assert(decode "[-0,-0.0,0]"[1] == 0)
local private = decode '{"$serde_json::private::Number":"5"}'
assert(private["$serde_json::private::Number"] == "5", "a field has any name")
private = decode '{"$serde_json::private\\u003a:Number":1e999,"x":[12345678901234567890]}'
assert(private["$serde_json::private::Number"] == "1e+999" and private.x[1] == "12345678901234567890")
local list = decode "[1,null,3]"
assert(#list == 3 and list[2] == null and list[3] == 3, "null in a list is the sentinel")
assert(decode '{"a":null}'.a == nil and next(decode '{"a":null}') == nil, "null in an object is absent")
assert(encode(list) == "[1,null,3]" and encode { a = null } == '{"a":null}' and encode(null) == "null", "null is written")
for _, text in ipairs { "[]", "{}", "[[],{}]", '{"a":[],"b":{}}', '"a\\n\\u0000"', "true", "[1,[2,[3]]]" } do
	assert(encode(decode(text)) == text, "there and back: " .. text)
end
local twice = decode '{"a":1,"b":2,"a":null,"b":3}'
assert(twice.a == nil and twice.b == 3, "of a name that comes twice the last counts")
assert(decode '{"a\\u0062":{"\\n":[1.5e3,"\\t"]}}'.ab["\n"][2] == "\t", "names and texts with escapes")
assert(decode "1e400" == "1e+400" and decode "0.45" == 0.45, "a number past all floats is a string")
local many = "[" .. ("{\"a\":[1,\"x\"]},"):rep(20000) .. "null]"
for _, order in ipairs { "restart", "stop" } do
	collectgarbage(order)
	local list = decode(many)
	assert(#list == 20001 and list[20000].a[2] == "x" and list[20001] == null, "a large text is whole")
	assert(collectgarbage "isrunning" == (order == "restart"), "and leaves the collector as it was")
end
collectgarbage "restart"
assert(decode(encode "\u{1F600}") == "\u{1F600}", "text beyond the basic plane")
assert(decode(encode({ a = { b = { 1, 2 } } }, { indent = true })).a.b[2] == 2, "indented text means the same")
for what, bad in pairs { ["NaN"] = 0 / 0, ["infinity"] = math.huge, ["a function"] = print, ["not UTF-8"] = "\xff", ["a hole"] = { 1, nil, 3 }, ["mixed keys"] = { 1, 2, x = 1 }, ["a boolean key"] = { [true] = 1 } } do
	assert(fails(encode, bad).kind == "validation", what .. " cannot be encoded")
end
local cyclic = {}
cyclic.self = cyclic
assert(fails(encode, cyclic).kind == "validation", "a table that holds itself cannot be encoded")
for _, bad in ipairs { "", "{", "[1,]", "nul", "[1] x", "NaN", '"\xff"', ("["):rep(100000) } do
	assert(fails(decode, bad).kind == "validation", "is not JSON: " .. bad:sub(1, 10))
end
