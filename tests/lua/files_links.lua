-- A link that leads outside is refused, by whatever name.
for _, path in ipairs { "links/outside", "links/outside\0", "links/outside\0x", "links/../links/outside\0" } do
	local ok, file = pcall(io.open, path)
	assert(not (ok and file), ("a link to the outside is refused: %q"):format(path))
end
