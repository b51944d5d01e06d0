--- Stored sessions: resuming one, reading its events, changing its settings.
local approve = require('pygent.approve')
local log = require('pygent.log')
local protocol = require('pygent.protocol')
local session = require('pygent.session')
local trail = require('pygent.trail')

--- The most events of a session that are read.
local HISTORY = 5000

local M = {}

--- Reads a session's past events, page by page.
---@param id string
---@param after integer
---@param each fun(event: pygent.Event)
---@param done? fun()
function M.history(id, after, each, done)
  session.request(protocol.methods.sessionEvents, { sessionId = id, afterSeq = after, limit = 500 }, function(page)
    for _, event in ipairs(page.events) do
      after = event.seq or after
      each(event)
    end
    if page.more and #page.events > 0 then
      return M.history(id, after, each, done)
    end
    if done then
      done()
    end
  end)
end

--- Reads the events of an open session that no rewind has removed.
---@param id string
---@param done fun(found: pygent.Trail, cut: boolean) cut: older events are missing
function M.read(id, done)
  session.request(protocol.methods.sessionResume, { sessionId = id }, function(result)
    local found, after = trail.new(), math.max(0, result.lastSeq - HISTORY)
    M.history(id, after, function(event) found:add(event) end, function() done(found, after > 0) end)
  end)
end

--- Changes to a session and sends its events to the listeners.
---@param id string
---@param root string file URI
---@param found pygent.Trail
---@param cut boolean
function M.show(id, root, found, cut)
  local mode = session.state().id == id and session.state().mode or nil
  session.enter(id, root)
  session.state().mode = mode
  if cut then
    session.tell({ kind = 'notice', level = 'info', text = 'what was before is not shown' })
  end
  for _, event in ipairs(found:events()) do
    if event.kind == 'turnFinished' then
      session.changed(event)
    elseif event.kind == 'configured' then
      session.state().mode = event.mode or session.state().mode
    end
    session.tell(event)
  end
  session.tell({ kind = 'clientSettled' })
end

--- Resumes a stored session.
---@param brief pygent.SessionBrief
function M.resume(brief)
  M.read(brief.sessionId, function(found, cut)
    M.show(brief.sessionId, brief.root, found, cut)
    approve.left(session.state().connection, brief.sessionId)
    session.request(protocol.methods.runtimeInfo, { sessionId = brief.sessionId }, function(info)
      session.state().sandbox = info.kind .. '/' .. info.sandbox
      session.tell({ kind = 'clientSettled' })
    end)
  end)
end

--- Changes the mode of the session.
---@param mode string
function M.configure(mode)
  session.open(function(failed)
    if failed then
      return
    end
    local params = { sessionId = session.state().id, mode = mode }
    session.request(protocol.methods.sessionConfigure, params, function(result)
      session.state().mode = result.mode
      log.notify('mode ' .. result.mode)
      session.tell({ kind = 'clientSettled' })
    end)
  end)
end

return M
