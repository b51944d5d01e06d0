--- Sessions that were kept: going on with one, reading one back, changing its
--- settings.
local log = require('pygent.log')
local protocol = require('pygent.protocol')
local session = require('pygent.session')

--- How many of the events of a resumed session are read back.
local HISTORY = 2000

local M = {}

--- Goes on with a session that was kept, and tells the listeners what happened
--- in it.
---@param brief pygent.SessionBrief
function M.resume(brief)
  local connection = session.state().connection
  if not connection then
    return
  end
  connection:request(protocol.methods.sessionResume, { sessionId = brief.sessionId }, function(err, result)
    if err then
      return log.error(session.describe(err))
    end
    session.enter(brief.sessionId, brief.root)
    local after = math.max(0, result.lastSeq - HISTORY)
    if after > 0 then
      session.tell({ kind = 'notice', level = 'info', text = 'what was before is not shown' })
    end
    M.history(brief.sessionId, after, function(event)
      if event.kind == 'turnFinished' and event.changes and #event.changes > 0 then
        local state = session.state()
        state.changes, state.changed_turn = event.changes, event.turnId
      end
      session.tell(event)
    end)
  end)
end

--- Reads a session's events back, page by page.
---@param id string
---@param after integer
---@param each fun(event: pygent.Event)
function M.history(id, after, each)
  local connection = session.state().connection
  connection:request(
    protocol.methods.sessionEvents,
    { sessionId = id, afterSeq = after, limit = 500 },
    function(err, page)
      if err then
        return log.error(session.describe(err))
      end
      for _, event in ipairs(page.events) do
        after = event.seq or after
        each(event)
      end
      if page.more and #page.events > 0 then
        M.history(id, after, each)
      end
    end
  )
end

--- Changes the mode of the session.
---@param mode string
function M.configure(mode)
  session.open(function(failed)
    if failed then
      return
    end
    session
      .state().connection
      :request(protocol.methods.sessionConfigure, { sessionId = session.state().id, mode = mode }, function(err, result)
        if err then
          return log.error(session.describe(err))
        end
        session.state().mode = result.mode
        log.notify('mode ' .. result.mode)
        session.tell({ kind = 'clientSettled' })
      end)
  end)
end

return M
