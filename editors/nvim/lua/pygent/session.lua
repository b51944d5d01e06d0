--- The conversation: one server, one session at a time, its turns. Views listen;
--- nothing here draws.
local config = require('pygent.config')
local files = require('pygent.files')
local log = require('pygent.log')
local protocol = require('pygent.protocol')
local rpc = require('pygent.rpc')

local M = {}

---@class pygent.State
---@field connection? pygent.Connection
---@field id? string
---@field root? string
---@field mode? string
---@field sandbox? string
---@field running table<table, true> steps that were sent and not answered
---@field turn? string of the last turn
---@field changes pygent.Change[] of the last turn that made some
---@field changed_turn? string that turn
---@field usage? pygent.AgentUsage
local state = { running = {}, changes = {} }
local starting ---@type (fun(err?: string))[]? who waits for the server
local listeners = {} ---@type fun(event: pygent.Event)[]

---@return pygent.State
function M.state() return state end

--- Tells whether a turn runs, or stands in line.
---@return boolean
function M.busy() return next(state.running) ~= nil end

--- Calls fn with every event of the session, and with those of this side, whose
--- kinds begin with "client".
---@param fn fun(event: pygent.Event)
function M.listen(fn) listeners[#listeners + 1] = fn end

--- Tells the listeners.
---@param event pygent.Event|{ kind: string, text?: string }
function M.tell(event)
  for _, fn in ipairs(listeners) do
    fn(event)
  end
end
local tell = M.tell

--- Runs the User autocommands of a name.
---@param name string
---@param data table
function M.autocmd(name, data) vim.api.nvim_exec_autocmds('User', { pattern = name, modeline = false, data = data }) end

---@param event pygent.Event
local function on_event(event)
  if event.taskId and event.sessionId ~= state.id then
    require('pygent.tasks').event(event)
    require('pygent.approve').event(event)
    return
  end
  if event.sessionId ~= state.id then
    return
  end
  if event.kind == 'turnStarted' then
    state.turn = event.turnId
    M.autocmd('PygentTurnStarted', { turnId = event.turnId })
  elseif event.kind == 'fileChanged' then
    files.reload(state.root, { event.path })
  elseif event.kind == 'configured' then
    state.mode = event.mode or state.mode
  elseif event.kind == 'turnFinished' then
    state.usage = event.usage
    if event.changes and #event.changes > 0 then
      state.changes, state.changed_turn = event.changes, event.turnId
    end
    files.reload(state.root)
    M.autocmd('PygentTurnFinished', { turnId = event.turnId, status = event.status, changes = event.changes or {} })
  end
  require('pygent.approve').event(event)
  tell(event)
end

--- Forgets a server that is gone; the session can be resumed by another.
---@param why string
local function lost(why)
  state.connection, state.running = nil, {}
  require('pygent.approve').forget()
  require('pygent.tasks').forget()
  tell({ kind = 'clientEnded', text = why })
end

---@type pygent.Handlers
local handlers = {
  event = function(method, params)
    if method == protocol.methods.agentEvent then
      on_event(params)
    elseif method == protocol.methods.tasksChanged then
      require('pygent.tasks').changed(params.task)
    end
  end,
  request = function(method, params)
    if method == 'editor/diagnostics' then
      return { diagnostics = files.diagnostics(state.root, params.paths) }
    elseif method == protocol.methods.agentRequestApproval or method == protocol.methods.agentAskUser then
      return require('pygent.approve').ask(method, params)
    end
    return nil, vim.lsp.rpc.rpc_response_error(-32601)
  end,
  exit = function(why)
    lost(why)
    log.error(why .. ': the next message starts it again, with this conversation')
  end,
}

---@param err pygent.Error
---@return string
local function describe(err)
  local hint = err.data and err.data.hint
  return hint and ('%s (%s)'):format(err.message, hint) or err.message
end
M.describe = describe

--- Makes a session the current one.
---@param id string
---@param root string file URI
function M.enter(id, root)
  state.id, state.root = id, vim.uri_to_fname(root)
  state.turn, state.changes, state.changed_turn, state.usage = nil, {}, nil, nil
  tell({ kind = 'clientSession' })
end

---@param callback fun(err?: string)
local function new_session(callback)
  local options, params = config.get(), { root = vim.uri_from_fname(state.root), model = config.get().model }
  if state.connection:has('agent/respond') then -- a server without approvals knows no modes
    params.mode = options.mode
  end
  state.connection:request(protocol.methods.sessionNew, params, function(err, result)
    if err then
      return callback(describe(err))
    end
    state.mode, state.sandbox = result.mode, result.runtime.kind .. '/' .. result.runtime.sandbox
    M.enter(result.sessionId, result.root)
    callback()
  end)
end

--- Opens the session again in a server that is new.
---@param callback fun(err?: string)
local function reopen(callback)
  state.connection:request(protocol.methods.sessionResume, { sessionId = state.id }, function(err)
    if not err then
      return callback()
    end
    log.notify('a new conversation: the last one cannot be resumed: ' .. describe(err), vim.log.levels.WARN)
    new_session(callback)
  end)
end

--- Calls back when there is a server with an open session.
---@param callback fun(err?: string)
function M.open(callback)
  if starting then
    starting[#starting + 1] = callback
    return
  elseif state.connection and state.id then
    return callback()
  end
  starting = { callback }
  local function done(err)
    local waiting = starting or {}
    starting = nil
    if err then
      log.error(err)
      tell({ kind = 'clientFailed', text = err })
    end
    for _, fn in ipairs(waiting) do
      log.guard(fn)(err)
    end
  end
  local function with_server()
    if state.id then
      reopen(done)
    else
      new_session(done)
    end
  end
  if state.connection then
    return with_server()
  end
  state.root = state.root or config.root(vim.api.nvim_get_current_buf())
  rpc.start(state.root, handlers, function(err, connection)
    if err then
      return done(err)
    end
    state.connection = connection
    vim.api.nvim_create_autocmd('VimLeavePre', {
      group = vim.api.nvim_create_augroup('pygent.session', {}),
      callback = M.close,
    })
    with_server()
  end)
end

---@class pygent.AskOptions
---@field context? pygent.ContextItem[]
---@field mode? string of this turn

--- Sends a message. callback gets an error or how the turn ended.
---@param prompt string
---@param options? pygent.AskOptions
---@param callback? fun(err?: pygent.Error, result?: pygent.StepResult)
function M.ask(prompt, options, callback)
  options, callback = options or {}, callback or function() end
  M.open(function(failed)
    if failed then
      return callback({ message = failed })
    end
    local busy, step = M.busy(), {}
    state.running[step] = true
    tell({ kind = 'clientSent', text = busy and prompt or nil })
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
        tell({ kind = 'clientFailed', text = describe(err) })
        log.error(describe(err))
      end
      tell({ kind = 'clientSettled' })
      callback(err, result)
    end)
  end)
end

--- Ends the running turn. A server that does not answer counts as stopped.
function M.stop()
  local connection, stopped = state.connection, vim.tbl_keys(state.running)
  if not connection or #stopped == 0 then
    return log.notify('nothing runs')
  end
  connection:request(protocol.methods.agentInterrupt, { sessionId = state.id })
  vim.defer_fn(function()
    local answered = 0
    for _, step in ipairs(stopped) do
      answered = answered + (state.running[step] and 0 or 1)
    end
    if answered == 0 and state.connection == connection then
      state.running = {}
      tell({ kind = 'clientFailed', text = 'the server does not answer: :Pygent restart starts another' })
      tell({ kind = 'clientSettled' })
    end
  end, config.get().stop_timeout)
end

--- Begins another session in the workspace of the current buffer; the one before
--- is kept.
---@param callback? fun(err?: string)
function M.new(callback)
  local buf = vim.api.nvim_get_current_buf()
  if not state.root or vim.bo[buf].buftype == '' then
    state.root = config.root(buf)
  end
  state.id = nil
  M.open(callback or function() end)
end

--- Ends the server, and starts another one that goes on with the session.
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

--- Ends the server with the editor.
function M.close()
  if state.connection then
    state.connection:close(2000)
  end
end

return M
