--- The conversation: one server and one session at a time, which survives the loss of the
--- server. Views listen to it; it draws nothing.
local config = require('pygent.config')
local log = require('pygent.log')
local protocol = require('pygent.protocol')
local rpc = require('pygent.rpc')

local M = {}

--- In this time, in milliseconds, a server that ends is restarted automatically only once.
local RESTART_EVERY = 60000

---@class pygent.State
---@field connection? pygent.Connection
---@field id? string
---@field root? string
---@field mode? string nil: not known yet, such as after resuming a session
---@field sandbox? string
---@field running table<table, true> unanswered steps
---@field active? string the running turn; a turn continued by an answer to an old server's request has no step
---@field changes pygent.Change[] of the last turn with changes
---@field changed_turn? string that turn
local state = { running = {}, changes = {} }
local starting ---@type (fun(err?: string, asked?: boolean))[]? callbacks that wait for the server
local restarted ---@type number? when the server was last restarted automatically
local listeners = {} ---@type fun(event: pygent.Event)[]

---@return pygent.State
function M.state() return state end

--- Calls fn with every event of the session, and with events of the plugin, whose kinds begin
--- with "client".
---@param fn fun(event: pygent.Event)
function M.listen(fn) listeners[#listeners + 1] = fn end

--- Sends an event to the listeners.
---@param event pygent.Event|{ kind: string, text?: string }
function M.tell(event)
  for _, fn in ipairs(listeners) do
    fn(event)
  end
end
local tell = M.tell

--- Runs the User autocommands with a name.
---@param name string
---@param data table
function M.autocmd(name, data) vim.api.nvim_exec_autocmds('User', { pattern = name, modeline = false, data = data }) end

---@param err pygent.Error
---@return string
function M.describe(err)
  local hint = err.data and err.data.hint
  return hint and ('%s (%s)'):format(err.message, hint) or err.message
end

--- Keeps the changes of the last turn, for diff and undo.
---@param finished pygent.Event
function M.changed(finished)
  if finished.changes and #finished.changes > 0 then
    state.changes, state.changed_turn = finished.changes, finished.turnId
  end
end

--- Changes to a session.
---@param id string
---@param root string file URI
function M.enter(id, root)
  state.id, state.root = id, vim.uri_to_fname(root)
  state.changes, state.changed_turn, state.active = {}, nil, nil
  tell({ kind = 'clientSession' })
end

---@param callback fun(err?: string)
local function new_session(callback)
  local options, params = config.get(), { root = vim.uri_from_fname(state.root), model = config.get().model }
  if state.connection:has(protocol.methods.agentRespond) then -- a server without approvals knows no modes
    params.mode = options.mode
  end
  state.connection:request(protocol.methods.sessionNew, params, function(err, result)
    if err then
      return callback(M.describe(err) .. rpc.cure(err))
    end
    state.mode, state.sandbox = result.mode, result.runtime.kind .. '/' .. result.runtime.sandbox
    M.enter(result.sessionId, result.root)
    tell({ kind = 'clientNew', text = state.root })
    callback()
  end)
end

--- Resumes the session in a new server.
---@param callback fun(err?: string, asked?: boolean)
local function reopen(callback)
  state.connection:request(protocol.methods.sessionResume, { sessionId = state.id }, function(err)
    if not err then
      return require('pygent.approve').left(state.connection, state.id, function(asked) callback(nil, asked) end)
    end
    log.notify('a new conversation: the last one cannot be resumed: ' .. M.describe(err), vim.log.levels.WARN)
    new_session(callback)
  end)
end

--- Forgets a server that is gone. Another server can resume the session.
---@param why string
local function lost(why)
  state.connection, state.running, state.active = nil, {}, nil
  require('pygent.approve').forget()
  require('pygent.tasks').forget()
  tell({ kind = 'clientEnded', text = why })
end

--- Starts another server after one has ended, unless that one lived only for a short time.
---@param why string
local function ended(why)
  local cut = next(state.running) ~= nil or state.active ~= nil
  lost(why)
  local now = vim.uv.hrtime() / 1e6
  if not state.id or (restarted and now - restarted < RESTART_EVERY) then
    tell({ kind = 'clientFailed', text = 'the next message starts it again, with this conversation' })
    return log.error(why .. ': the next message starts it')
  end
  restarted = now
  M.open(function(failed, asked)
    if not failed then
      local how = asked and ' and asks again'
        or cut and ': the turn was cut off, say how to go on'
        or ', with this conversation'
      tell({ kind = 'clientRestarted', text = 'it was started again' .. how })
      log.notify(why .. ': it was started again', vim.log.levels.WARN)
    end
  end)
end

--- Calls all callbacks that wait for the server.
---@param err? string
---@param asked? boolean requests of an earlier server are pending again
local function started(err, asked)
  local waiting = starting or {}
  starting = nil
  if err then
    if not state.id then
      state.root = nil -- the next try may use another directory
    end
    log.error(err)
    tell({ kind = 'clientFailed', text = err })
  end
  for _, fn in ipairs(waiting) do
    log.guard(fn)(err, asked)
  end
end

local function open_session() (state.id and reopen or new_session)(started) end

--- Makes sure that there is a server with an open session, then calls callback.
---@param callback fun(err?: string, asked?: boolean)
function M.open(callback)
  if starting then
    starting[#starting + 1] = callback
    return
  elseif state.connection and state.id then
    return callback()
  end
  starting = { callback }
  state.root = state.root or config.root(vim.api.nvim_get_current_buf())
  if state.connection then
    return open_session()
  end
  local incoming = require('pygent.incoming')
  rpc.start(state.root, { event = incoming.event, request = incoming.request, exit = ended }, function(err, connection)
    if err then
      return started(err)
    end
    state.connection = connection
    vim.api.nvim_create_autocmd('VimLeavePre', {
      group = vim.api.nvim_create_augroup('pygent.session', {}),
      callback = M.close,
    })
    open_session()
  end)
end

--- Sends a request to a server with an open session. Shows the user a failure; calls done
--- on success.
---@param method string
---@param params table
---@param done? fun(result: any)
function M.request(method, params, done)
  M.open(function(failed)
    local connection = state.connection
    if failed or not connection then
      return
    elseif not connection:has(method) then
      return log.notify(('this server has no %s: update it'):format(method))
    end
    connection:request(method, params, function(err, result)
      if err then
        return log.error(M.describe(err))
      end
      if done then
        done(result)
      end
    end)
  end)
end

--- Starts a new session in the workspace of the current buffer. The old one stays stored.
---@param callback? fun(err?: string)
function M.new(callback)
  local buf = vim.api.nvim_get_current_buf()
  if not state.root or vim.bo[buf].buftype == '' then
    state.root = config.root(buf)
  end
  state.id = nil
  M.open(callback or function() end)
end

--- Ends the server and starts another one, which resumes the session.
function M.restart()
  local connection = state.connection
  if connection then
    connection:close(3000)
    lost('the server was restarted')
  end
  M.open(function(failed)
    if not failed then
      log.notify('the server runs again')
    end
  end)
end

--- Ends the server when the editor ends.
function M.close()
  if state.connection then
    state.connection:close(2000)
  end
end

return M
