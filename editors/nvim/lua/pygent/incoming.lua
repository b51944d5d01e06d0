--- Dispatches messages of the server: events to the modules that show them, requests to
--- those that answer them. Of the editor it uses only buffers whose files were changed.
local approve = require('pygent.approve')
local files = require('pygent.files')
local protocol = require('pygent.protocol')
local session = require('pygent.session')

local M = {}

---@param event pygent.Event
local function own(event)
  local state = session.state()
  if event.kind == 'turnStarted' then
    state.active = event.turnId
    session.autocmd('PygentTurnStarted', { turnId = event.turnId })
  elseif event.kind == 'fileChanged' then
    files.reload(state.root, { event.path })
  elseif event.kind == 'configured' then
    state.mode = event.mode or state.mode
  elseif event.kind == 'turnFinished' then
    state.active = nil
    session.changed(event)
    files.reload(state.root)
    session.autocmd(
      'PygentTurnFinished',
      { turnId = event.turnId, status = event.status, changes = event.changes or {} }
    )
  end
end

---@param event pygent.Event
local function on_event(event)
  local mine = event.sessionId == session.state().id
  if mine then
    own(event)
  elseif event.taskId then
    require('pygent.tasks').event(event)
  else
    return
  end
  approve.event(event)
  if mine then
    session.tell(event)
  end
end

---@param method string
---@param params table
function M.event(method, params)
  if method == protocol.methods.agentEvent then
    on_event(params)
  elseif method == protocol.methods.tasksChanged then
    require('pygent.tasks').changed(params.task)
  end
end

--- Answers a request of the server, in a coroutine.
---@param method string
---@param params table
---@return table? result, table? err
function M.request(method, params)
  if method == protocol.methods.editorDiagnostics then
    return require('pygent.diagnostics').answer(session.state().root, params.paths or {})
  elseif method == protocol.methods.agentRequestApproval or method == protocol.methods.agentAskUser then
    return approve.ask(method, params)
  end
  return nil, vim.lsp.rpc.rpc_response_error(-32601)
end

return M
