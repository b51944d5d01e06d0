--- Turns: sends messages to the session, and stops turns. It draws nothing.
local config = require('pygent.config')
local files = require('pygent.files')
local log = require('pygent.log')
local protocol = require('pygent.protocol')
local session = require('pygent.session')

local M = {}

--- Whether a turn runs or is queued.
---@return boolean
function M.busy()
  local state = session.state()
  return next(state.running) ~= nil or state.active ~= nil
end

--- Whether nothing runs. If something runs, it tells the user.
---@return boolean
function M.idle()
  if M.busy() then
    log.notify('a turn runs: :Pygent stop ends it')
  end
  return not M.busy()
end

---@class pygent.AskOptions
---@field context? pygent.ContextItem[]
---@field mode? string of this turn

--- Sends a message. callback gets an error or the result of the turn.
---@param prompt string
---@param options? pygent.AskOptions
---@param callback? fun(err?: pygent.Error, result?: pygent.StepResult)
function M.ask(prompt, options, callback)
  options, callback = options or {}, callback or function() end
  session.open(function(failed)
    if failed then
      return callback({ message = failed })
    end
    local state, step, busy = session.state(), {}, M.busy()
    state.running[step] = true
    session.tell({ kind = 'clientSent' })
    local connection = state.connection
    connection:request(protocol.methods.agentStep, {
      sessionId = state.id,
      prompt = prompt,
      context = options.context,
      mode = options.mode,
      dirtyFiles = files.dirty(state.root),
      ifBusy = busy and config.get().if_busy or nil,
    }, function(err, result)
      state.running[step] = nil
      if err and not connection.ended then
        session.tell({ kind = 'clientFailed', text = session.describe(err) })
        log.error(session.describe(err))
      end
      session.tell({ kind = 'clientSettled' })
      callback(err, result)
    end)
  end)
end

--- Cancels the running turn. If the server does not answer, the turn counts as stopped.
function M.stop()
  local state = session.state()
  local connection, stopped, active = state.connection, vim.tbl_keys(state.running), state.active
  if not connection or not M.busy() then
    return log.notify('nothing runs')
  end
  connection:request(protocol.methods.agentInterrupt, { sessionId = state.id })
  vim.defer_fn(function()
    local settled = active ~= nil and state.active ~= active
    for _, step in ipairs(stopped) do
      settled = settled or not state.running[step]
    end
    if not settled and state.connection == connection then
      state.running, state.active = {}, nil
      session.tell({ kind = 'clientFailed', text = 'the server does not answer: :Pygent restart starts another' })
      session.tell({ kind = 'clientSettled' })
    end
  end, config.get().stop_timeout)
end

return M
