--- The state in a few words, for the bar above the chat and for status lines. Text of the
--- server is shown, never interpreted as a format.
local approve = require('pygent.approve')
local session = require('pygent.session')
local text = require('pygent.text')
local turn = require('pygent.turn')

local M = {}

local ticking ---@type uv.uv_timer_t?
local drawing = false
local since ---@type number? when the work began

--- Parts of the bar, each in its colour. A part that does not apply is empty.
M.format = table.concat({
  "%#PygentAsks#%{v:lua.require'pygent.bar'.part('asks')}",
  "%#PygentWorking#%{v:lua.require'pygent.bar'.part('working')}",
  "%#PygentError#%{v:lua.require'pygent.bar'.part('off')}",
  "%#PygentReady#%{v:lua.require'pygent.bar'.part('ready')}",
  "%* %<%{v:lua.require'pygent.bar'.rest()}",
  "%#PygentError#%{v:lua.require'pygent.bar'.unsafe()}%*",
})

---@return 'asks'|'off'|'working'|'ready'
function M.state()
  if approve.pending() > 0 then
    return 'asks'
  end
  return not session.state().connection and 'off' or turn.busy() and 'working' or 'ready'
end

--- The words for a state if it is the current one, else "".
---@param state string
---@return string
function M.part(state)
  if M.state() ~= state then
    return ''
  elseif state ~= 'working' then
    return state
  end
  local seconds = since and math.floor((vim.uv.hrtime() - since) / 1e9) or 0
  return seconds < 60 and ('working %d s'):format(seconds)
    or ('working %d:%02d'):format(math.floor(seconds / 60), seconds % 60)
end

--- Mode, sandbox, queued messages and running tasks.
---@return string
function M.rest()
  local state, parts = session.state(), {}
  if state.connection then
    parts[#parts + 1] = state.mode
    local kind, level = (state.sandbox or ''):match('^(.*)/(.*)$')
    if level and level ~= 'none' then
      parts[#parts + 1] = level == 'container' and kind or 'sandbox ' .. level
    end
  end
  local queued = vim.tbl_count(state.running) - 1
  if queued > 0 then
    parts[#parts + 1] = queued .. ' queued'
  end
  local running = package.loaded['pygent.tasks'] and require('pygent.tasks').running() or 0
  if running > 0 then
    parts[#parts + 1] = text.many(running, 'task')
  end
  return #parts > 0 and '· ' .. text.line(table.concat(parts, ' · ')) or ''
end

--- A warning if commands run without a sandbox, else "".
---@return string
function M.unsafe()
  local state = session.state()
  return state.connection and (state.sandbox or ''):find('/none$') and ' · no sandbox' or ''
end

--- Draws the bar and the status lines of all windows, once for several changes in one go.
function M.draw()
  if not drawing then
    drawing = true
    vim.schedule(function()
      drawing = false
      vim.cmd.redrawstatus({ bang = true })
    end)
  end
end

--- Draws changes, and counts the seconds of a running turn.
function M.follow()
  M.draw()
  if ticking or not turn.busy() then
    return
  end
  since = vim.uv.hrtime()
  local timer = assert(vim.uv.new_timer())
  ticking = timer
  timer:start(
    1000,
    1000,
    vim.schedule_wrap(function()
      if not turn.busy() and not timer:is_closing() then
        timer:close()
        ticking, since = nil, nil
      end
      vim.cmd.redrawstatus({ bang = true })
    end)
  )
end

return M
