--- :checkhealth pygent
local config = require('pygent.config')
local log = require('pygent.log')
local protocol = require('pygent.protocol')
local rpc = require('pygent.rpc')
local text = require('pygent.text')

local M = {}

local function neovim()
  if vim.fn.has('nvim-0.11') == 1 then
    vim.health.ok('Neovim ' .. tostring(vim.version()))
  else
    vim.health.error('Neovim is older than 0.11', { 'update Neovim' })
  end
end

---@return boolean
local function program()
  local cmd = config.get().cmd
  local missing = rpc.missing(cmd)
  if missing then
    vim.health.error(missing)
    return false
  end
  local result = vim.system({ cmd[1], 'version' }, { text = true, timeout = 10000, env = config.get().env }):wait()
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

local function server()
  local failed, connection, done
  rpc.start(
    vim.fn.getcwd(),
    { event = function() end, request = function() end, exit = function() end },
    function(err, c)
      failed, connection, done = err, c, true
    end
  )
  vim.wait(config.get().start_timeout + 1000, function() return done end, 20)
  if not connection then
    vim.health.error(text.line(failed or 'the server does not answer'), { 'see ' .. log.path() })
    return
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
end

local function key()
  local env = config.get().env
  if (env.OPENAI_API_KEY or vim.env.OPENAI_API_KEY or env.OPENAI_BASE_URL or vim.env.OPENAI_BASE_URL or '') ~= '' then
    vim.health.ok('a model is configured by the environment')
  else
    vim.health.warn('neither OPENAI_API_KEY nor OPENAI_BASE_URL is set', {
      'set OPENAI_API_KEY before Neovim starts, or OPENAI_BASE_URL to a local server',
      'or name the server in pygent.toml (base_url)',
    })
  end
end

function M.check()
  vim.health.start('pygent')
  neovim()
  if program() then
    server()
  end
  key()
  vim.health.info('log: ' .. log.path())
end

return M
