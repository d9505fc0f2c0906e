-- An example of rules in Lua; docs/rules-modules.md explains it.
--
-- Z01: who registered a case does not decide it, unless somebody else had a second look before.
-- Z02: a case that was handed over is taken up by that agency within two days. What comes late heals the alert.

local DAY = 24 * 60 * 60 * 1000

function entry(state, e)
  if e.step == "register" then
    state.registrar = e.fields.resource
  elseif e.step == "second look" then
    state.seen = state.seen or e.fields.resource ~= state.registrar
  elseif e.step == "decide" then
    if e.fields.resource == state.registrar and not state.seen then
      alert { rule = "Z01", severity = "critical" }
    end
  elseif e.step == "hand over" then
    state.handed = { to = e.fields.to, number = e.number, due = e.time + 2 * DAY }
    remind(state.handed.due)
  elseif e.step == "take up" and state.handed and e.agency == state.handed.to then
    if state.handed.late then
      alert { rule = "Z02", event = state.handed.number, healed = true }
    end
    state.handed = nil
    remind(nil)
  end
end

function tick(state, now)
  state.handed.late = true
  alert { rule = "Z02", event = state.handed.number, step = "hand over", due = state.handed.due }
end

function duties(state)
  if state.handed then
    duty { rule = "Z02", step = "take up", agencies = state.handed.to, due = state.handed.due }
  end
end
