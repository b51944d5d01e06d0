--- One server process and its messages. It knows the protocol's handshake, but not the
--- meaning of other messages.
local config = require('pygent.config')
local log = require('pygent.log')
local protocol = require('pygent.protocol')
local text = require('pygent.text')

local METHOD_NOT_FOUND = -32601

---@class pygent.Error
---@field code? integer absent: an error of the plugin
---@field message string
---@field data? pygent.ErrorData

---@class pygent.Handlers
---@field event fun(method: string, params: table) a notification
---@field request fun(method: string, params: table): any, table? in a coroutine; returns the answer
---@field exit fun(why: string) once, after the callbacks of pending requests

---@class pygent.Connection
---@field client vim.lsp.rpc.PublicClient
---@field server? pygent.PygentServer from the answer to initialize; nil before
---@field version? string
---@field ended? string why
---@field private log_from integer where its part of the log begins
---@field private pending table<fun(err?: pygent.Error, result?: any), true>
---@field private closing? boolean
local Connection = {}
Connection.__index = Connection

local M = {}

--- Why a program cannot be started, or nil.
---@param cmd string[]
---@return string?
function M.missing(cmd)
  if vim.fn.executable(cmd[1]) == 0 then
    local cure = 'install it, or name it with require("pygent").setup({ cmd = { "/path/to/pygent", "serve" } })'
    return ('%s is not there: %s'):format(text.line(cmd[1]), cure)
  end
end

--- Advice to append to the error when a directory is refused as a workspace.
---@param err pygent.Error
---@return string
function M.cure(err)
  local refused = err.code == protocol.error_codes.outsideWorkspace
  return refused and '; :cd to a project, or open a file of one, and try again' or ''
end

--- A command whose stderr goes to the plugin's log instead of the language clients'.
local function command(cmd)
  if vim.fn.has('win32') == 1 then
    return cmd
  end
  return vim.list_extend({ 'sh', '-c', 'log=$1; shift; exec "$@" 2>>"$log"', 'pygent', log.path() }, cmd)
end

--- Starts a server and initializes it. callback gets an error or the connection.
---@param root string the workspace
---@param handlers pygent.Handlers
---@param callback fun(err?: string, connection?: pygent.Connection)
function M.start(root, handlers, callback)
  local options = config.get()
  local missing = M.missing(options.cmd)
  if missing then
    return callback(missing)
  end
  local self = setmetatable({ pending = {}, log_from = log.rotate() }, Connection)
  local ok, client = pcall(vim.lsp.rpc.start, command(options.cmd), {
    notification = log.guard(handlers.event),
    server_request = function(method, params)
      local result, err = log.guard(handlers.request)(method, params)
      if result == nil and err == nil then
        err = vim.lsp.rpc.rpc_response_error(METHOD_NOT_FOUND, 'not answered')
      end
      return result, err
    end,
    on_error = function(code, err)
      log.write(('message of the server not understood (%s): %s'):format(code, vim.inspect(err)))
    end,
    on_exit = vim.schedule_wrap(function(code, signal) self:exited(code, signal, handlers) end),
  }, { cwd = root, env = options.env })
  if not ok then
    log.write(tostring(client))
    return callback(('%s cannot be started: see :Pygent log'):format(text.line(options.cmd[1])))
  end
  self.client = client
  self:shake_hands(root, callback)
end

---@private
---@param root string
---@param callback fun(err?: string, connection?: pygent.Connection)
function Connection:shake_hands(root, callback)
  local options = config.get()
  local timer = assert(vim.uv.new_timer())
  local function done(err)
    if timer:is_closing() then
      return
    end
    timer:close()
    if err then
      self.closing = true
      self.client.terminate()
    end
    callback(err, not err and self or nil)
  end
  local silent = ('%s does not answer: is it pygent? See :checkhealth pygent'):format(text.line(options.cmd[1]))
  timer:start(options.start_timeout, 0, vim.schedule_wrap(function() done(silent) end))
  self:request('initialize', {
    processId = vim.uv.os_getpid(),
    clientInfo = { name = 'Neovim', version = tostring(vim.version()) },
    rootUri = vim.uri_from_fname(root),
    capabilities = { experimental = { pygent = { approvals = true, askUser = true, diagnostics = true } } },
    initializationOptions = options.model and { model = options.model } or nil,
  }, function(err, result)
    if err then
      return done(err.message .. M.cure(err))
    end
    local wrong = self:welcome(result)
    if not wrong then
      self.client.notify('initialized', vim.empty_dict())
    end
    done(wrong)
  end)
end

--- Takes the answer to initialize. Returns why it is not usable, or nil.
---@private
---@param result pygent.InitializeResult
---@return string?
function Connection:welcome(result)
  local info = vim.tbl_get(result, 'serverInfo') or {}
  local server = vim.tbl_get(result, 'capabilities', 'experimental', 'pygent')
  if info.name ~= 'pygent' or not server then
    return ('%s is another server (%s): see the setting cmd'):format(
      config.get().cmd[1],
      text.line(tostring(info.name))
    )
  end
  if server.protocolVersion ~= protocol.protocol_version then
    return ('pygent %s speaks protocol %s and this plugin %d: update the %s'):format(
      text.line(tostring(info.version)),
      tostring(server.protocolVersion),
      protocol.protocol_version,
      (tonumber(server.protocolVersion) or 0) < protocol.protocol_version and 'program' or 'plugin'
    )
  end
  self.server, self.version = server, info.version
end

---@private
function Connection:exited(code, signal, handlers)
  local how = signal ~= 0 and ('by signal %d'):format(signal) or ('with code %d'):format(code)
  self.ended = 'the server ended ' .. how
  local lines = log.tail(self.log_from)
  if code ~= 0 and not self.server and #lines > 0 then
    self.ended = lines[#lines] -- the server's last line says why it cannot start
  end
  if not self.closing then
    log.write(self.ended)
  end
  local pending = self.pending
  self.pending = {}
  for settle in pairs(pending) do
    settle({ message = self.ended })
  end
  if not self.closing then
    handlers.exit(self.ended)
  end
end

--- Whether the server has a method.
---@param method string
---@return boolean
function Connection:has(method) return self.server ~= nil and vim.tbl_contains(self.server.methods, method) end

--- Sends a request. callback runs exactly once, also when the server ends and when the
--- library drops the answer, as it does for a cancelled request. Answers and notifications
--- are handled in the server's order, because the library schedules each once, in order.
---@param method string
---@param params? table
---@param callback? fun(err?: pygent.Error, result?: any)
function Connection:request(method, params, callback)
  local settled = false
  local function settle(err, result)
    if settled then
      return
    end
    settled = true
    self.pending[settle] = nil
    if callback then
      log.guard(callback)(err, result)
    end
  end
  if self.ended then
    return settle({ message = self.ended })
  end
  self.pending[settle] = true
  params = params and next(params) and params or vim.empty_dict() -- an empty table would be encoded as a list
  local sent = self.client.request(method, params, settle, function()
    -- This is called before the answer is handled, so this scheduled call comes after it.
    vim.schedule(function() settle({ code = protocol.error_codes.cancelled, message = 'cancelled' }) end)
  end)
  if not sent then
    vim.schedule(function() settle({ message = 'the server has ended' }) end)
  end
end

--- Ends the server, and waits for its end if wait is given.
---@param wait? integer the most milliseconds, and once more after a signal
function Connection:close(wait)
  if self.ended then
    return
  end
  self.closing = true
  self:request('shutdown', nil, function() self.client.notify('exit') end)
  local function gone() return self.ended ~= nil end
  if wait and not vim.wait(wait, gone, 10) then
    self.client.terminate()
    vim.wait(wait, gone, 10) -- until then the server locks its sessions
  end
end

return M
