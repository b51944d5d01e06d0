--- :checkhealth pygent
local config = require('pygent.config')
local log = require('pygent.log')
local protocol = require('pygent.protocol')
local rpc = require('pygent.rpc')
local text = require('pygent.text')

local M = {}

--- How long the program may take for one answer, in milliseconds.
local PATIENCE = 20000

--- Runs another subcommand of the server's program.
---@param ... string
---@return vim.SystemCompleted
local function run(...)
  local cmd = {}
  for _, word in ipairs(config.get().cmd) do
    if word == 'serve' then
      break
    end
    cmd[#cmd + 1] = word
  end
  local options = { text = true, timeout = PATIENCE, env = config.get().env }
  local ok, started = pcall(vim.system, vim.list_extend(cmd, { ... }), options)
  return ok and started:wait() or { code = 126, signal = 0, stdout = '', stderr = tostring(started) }
end

---@return boolean
local function neovim()
  if vim.fn.has('nvim-0.11') == 1 then
    vim.health.ok('Neovim ' .. tostring(vim.version()))
    return true
  end
  vim.health.error('Neovim is older than 0.11', { 'update Neovim' })
  return false
end

---@return boolean
local function program()
  local cmd = config.get().cmd
  local missing = rpc.missing(cmd)
  if missing then
    vim.health.error(missing)
    return false
  end
  local result = run('version')
  if result.code ~= 0 then
    vim.health.error(
      ('%s version ended with code %d'):format(text.line(cmd[1]), result.code),
      { 'is it pygent? See the setting cmd' }
    )
    return false
  end
  vim.health.ok(text.line(vim.trim(result.stdout)) .. ' (' .. text.line(vim.fn.exepath(cmd[1])) .. ')')
  return true
end

---@return boolean
local function server()
  local failed, connection, done
  local handlers = { event = function() end, request = function() end, exit = function() end }
  local root = vim.fn.tempname() -- a temporary directory, because some directories, such as the home, are refused
  vim.fn.mkdir(root, 'p')
  rpc.start(root, handlers, function(err, c)
    failed, connection, done = err, c, true
  end)
  vim.wait(config.get().start_timeout + 1000, function() return done end, 20)
  if not connection then
    vim.health.error(text.line(failed or 'the server does not answer'), { 'see ' .. log.path() })
    return false
  end
  local about = connection.server
  vim.health.ok(('the server speaks protocol %d'):format(protocol.protocol_version))
  local level = ('commands run in %s, sandbox %s'):format(about.runtime.kind, about.runtime.sandbox)
  if about.runtime.sandbox == 'none' then
    vim.health.warn(level, { text.line(about.runtime.reason or ''), 'pygent doctor says what would help' })
  else
    vim.health.ok(level)
  end
  connection:close(3000)
  return true
end

--- Reports what the program lacks, such as a key. Only the program knows all its settings.
local function settings()
  local result = run('doctor', '--json', '--offline')
  local ok, report = pcall(vim.json.decode, result.stdout)
  if not ok or type(report) ~= 'table' or type(report.findings) ~= 'table' then
    return vim.health.warn('pygent doctor does not answer', { 'update the program' })
  end
  local well = true
  for _, finding in ipairs(report.findings) do
    if finding.needed and not finding.ok then
      well = false
      local cure = finding.area == 'model' and 'set it before Neovim starts, or in env of the setup' or nil
      local advice = { text.line(finding.cure or ''), cure }
      vim.health.error(('%s: %s'):format(text.line(finding.name), text.line(finding.detail)), advice)
    end
  end
  if well then
    vim.health.ok('a model is configured, and commands run')
  end
end

function M.check()
  vim.health.start('pygent')
  if not neovim() then
    return
  end
  if program() and server() then
    settings()
  end
  vim.health.info('log: ' .. log.path())
end

return M
