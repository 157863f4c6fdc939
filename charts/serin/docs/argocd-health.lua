-- Health of a Canary for Argo CD, by the conditions that Serin writes; see docs/gitops.md for where it goes.
local hs = { status = "Progressing", message = "waits for the controller" }
local status = obj.status
if obj.metadata.deletionTimestamp ~= nil then
  hs.message = "is being deleted"
  return hs
end
if status == nil or status.conditions == nil then
  return hs
end
if obj.spec ~= nil and obj.spec.suspend == true then
  return { status = "Suspended", message = "spec.suspend is true" }
end
if obj.metadata.generation ~= nil and status.observedGeneration ~= nil
    and status.observedGeneration < obj.metadata.generation then
  return hs
end
local ready
local stalled = false
for _, condition in ipairs(status.conditions) do
  if condition.type == "Ready" then
    ready = condition
  elseif condition.type == "Stalled" and condition.status == "True" then
    stalled = true
  end
end
if ready == nil then
  return hs
end
hs.message = ready.message or ready.reason
if stalled then
  hs.status = "Degraded"
elseif ready.status == "True" then
  hs.status = "Healthy"
elseif status.phase == "Waiting" or status.phase == "WaitingPromotion" then
  -- A gate that people open: Argo CD's word for what goes on when somebody says so.
  hs.status = "Suspended"
end
return hs
