-- http: what fits, what does not, and that nothing leaves in a rehearsal.
local function fails(f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "this must fail")
	return err
end

local url = "https://hooks.example.com/x"
local answer = http.post(url, { json = { text = "done" }, headers = { Authorization = { "Bearer ", secret "hook-token" } } })
assert(answer.status == 204 and answer.body == "" and answer.rehearsed and next(answer.headers) == nil, "a rehearsal sends nothing")
assert(http.get(url, { query = { a = 1, b = "x y" }, timeout = "5s", redirects = 2, max_size = 1024 }).rehearsed)
assert(http.request { url = url, method = "put", body = "x" }.rehearsed, "a method in any case")
assert(require "http" == http, "it is a module too")
for what, attempt in pairs {
	["no url"] = function() http.get() end,
	["a number as url"] = function() http.get(5) end,
	["no URL"] = function() http.get "hooks.example.com" end,
	["another scheme"] = function() http.get "ftp://hooks.example.com/" end,
	["a password in the url"] = function() http.get "https://a:b@hooks.example.com/" end,
	["an unknown option"] = function() http.get(url, { header = {} }) end,
	["options that are none"] = function() http.get(url, "x") end,
	["a method twice"] = function() http.get(url, { method = "POST" }) end,
	["an unknown method"] = function() http.request { url = url, method = "BREW" } end,
	["two bodies"] = function() http.post(url, { body = "x", json = {} }) end,
	["a body of a GET"] = function() http.get(url, { body = "x" }) end,
	["a body that is none"] = function() http.post(url, { body = {} }) end,
	["a secret in json"] = function() http.post(url, { json = { a = { secret "hook-token" } } }) end,
	["a secret in query"] = function() http.get(url, { query = { a = secret "hook-token" } }) end,
	["a line break in a header"] = function() http.get(url, { headers = { a = "b\r\nc: d" } }) end,
	["a bad name of a header"] = function() http.get(url, { headers = { ["a b"] = "c" } }) end,
	["HTTP's own header"] = function() http.get(url, { headers = { Host = "other" } }) end,
	["a header that is a table"] = function() http.get(url, { headers = { a = { b = 1 } } }) end,
	["a bad timeout"] = function() http.get(url, { timeout = "soon" }) end,
	["too many redirects"] = function() http.get(url, { redirects = 11 }) end,
	["no size"] = function() http.get(url, { max_size = 0 }) end,
} do
	local err = fails(attempt)
	assert(err.kind == "validation" and err.sent == "no" and err.action, what .. ": " .. tostring(err))
end
assert(tostring(fails(http.get, url, { header = {} })):find("headers", 1, true), "a misspelled option has its suggestion")
assert(tostring(fails(table.sort, { 1, 2 }, function() http.get(url) end)):find("cannot wait here", 1, true), "it suspends")
