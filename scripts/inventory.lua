-- Counts the cloud servers by their state, or lists those in the state that is given. It only
-- reads.
--
--   cumulua run --sim scripts/inventory.lua
--   cumulua run --sim scripts/inventory.lua Running

local wanted = args[1]
local counts, page = {}, 1

repeat
  local answer = cds.ccs.DescribeInstances { PageNumber = page, PageSize = 100 }
  local instances = answer.Data.Instances or {}
  for _, instance in ipairs(instances) do
    local state = instance.InstanceStatus
    counts[state] = (counts[state] or 0) + 1
    if wanted and state:lower() == wanted:lower() then print(instance.InstanceId, instance.InstanceName) end
  end
  page = page + 1
until #instances < 100

if not wanted then
  local states = {}
  for state in pairs(counts) do states[#states + 1] = state end
  table.sort(states)
  for _, state in ipairs(states) do print(state, counts[state]) end
  if #states == 0 then print("no servers") end
end
