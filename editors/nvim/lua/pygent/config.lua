--- Settings. Each has a default; |pygent-setup| describes them.
local M = {}

---@class pygent.Config
---@field cmd string[] the program and its arguments
---@field env table<string, string> added to the server's environment
---@field model? string nil: the server's setting
---@field mode 'plan'|'ask'|'auto' of new sessions
---@field root? fun(buf: integer): string the workspace; nil: the directory with .git, else the current directory
---@field if_busy 'queue'|'steer' what happens to a message while a turn runs
---@field width number of the chat's window: columns, or a part of the screen when below 1
---@field input_height integer lines
---@field start_timeout integer milliseconds that the server may take to answer initialize
---@field stop_timeout integer milliseconds after which a stopped turn counts as ended

---@type pygent.Config
local defaults = {
  cmd = { 'pygent', 'serve' },
  env = {},
  mode = 'ask',
  if_busy = 'queue',
  width = 0.4,
  input_height = 4,
  start_timeout = 10000,
  stop_timeout = 10000,
}

local current = vim.deepcopy(defaults)

---@param value any
---@param choices string[]
local function one_of(value, choices)
  local ok = vim.tbl_contains(choices, value)
  return ok, 'one of ' .. table.concat(choices, ', ')
end

--- Takes the user's settings. Missing settings keep their defaults.
---@param options? table
function M.set(options)
  local c = vim.tbl_extend('force', vim.deepcopy(defaults), options or {})
  for name in pairs(c) do
    local known = defaults[name] ~= nil or name == 'model' or name == 'root'
    vim.validate('pygent: ' .. name, c[name], function() return known, 'a setting that there is' end)
  end
  local function is_command(v) return vim.islist(v) and type(v[1]) == 'string', 'a list of strings' end
  vim.validate('pygent: cmd', c.cmd, is_command)
  vim.validate('pygent: env', c.env, 'table')
  vim.validate('pygent: model', c.model, 'string', true)
  vim.validate('pygent: mode', c.mode, function(v) return one_of(v, { 'plan', 'ask', 'auto' }) end)
  vim.validate('pygent: root', c.root, 'function', true)
  vim.validate('pygent: if_busy', c.if_busy, function(v) return one_of(v, { 'queue', 'steer' }) end)
  vim.validate('pygent: width', c.width, 'number')
  vim.validate('pygent: input_height', c.input_height, 'number')
  vim.validate('pygent: start_timeout', c.start_timeout, 'number')
  vim.validate('pygent: stop_timeout', c.stop_timeout, 'number')
  current = c
end

---@return pygent.Config
function M.get() return current end

--- The workspace of a buffer.
---@param buf integer
---@return string
function M.root(buf)
  local root = current.root and current.root(buf) or vim.fs.root(buf, '.git') or vim.fn.getcwd()
  return vim.uv.fs_realpath(root) or root
end

return M
