-- PAGE_SIZE: one page of servers as tables; prints the seconds.
local started = time.now()
local answer = cds.ccs.DescribeInstances { PageSize = tonumber(args[1]) }
print(("%.6f"):format(time.now() - started))
assert(#answer.Data.Instances > 0, "servers came")
