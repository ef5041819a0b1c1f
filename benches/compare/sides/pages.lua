-- PAGE_SIZE: all servers, page by page; prints the seconds.
local started, count = time.now(), 0
for _ in items(cds.ccs.DescribeInstances, { PageSize = tonumber(args[1]) }) do
	count = count + 1
end
print(("%.6f"):format(time.now() - started))
io.stderr:write(count, " servers\n")
