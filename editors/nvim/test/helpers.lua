--- Helpers of the specs. A spec is a script for `nvim -l`. The server is the real program
--- with a scripted model.
local here = vim.fs.dirname(vim.fs.dirname(vim.fs.abspath(debug.getinfo(1, 'S').source:sub(2))))
local M = { here = here }

--- The timeout of each wait, in milliseconds.
local LIMIT = 30000

vim.opt.runtimepath:prepend(here)
vim.opt.swapfile = false
vim.cmd.runtime('plugin/pygent.lua')

M.dir = vim.uv.fs_realpath(vim.fs.dirname(vim.fn.tempname())) .. '/place'
M.root = M.dir .. '/c+ ü' -- a possible name that is escaped in URIs
vim.fn.mkdir(M.root, 'p', '0700')
vim.fn.mkdir(M.dir .. '/tmp', 'p', '0700')

--- The messages to the user.
M.told = {} ---@type string[]
vim.notify = function(message) M.told[#M.told + 1] = message end

---@param path string in the workspace
---@param content string
function M.write(path, content)
  local file = assert(io.open(M.root .. '/' .. path, 'w'))
  file:write(content)
  file:close()
end

---@param path string in the workspace
---@return string?
function M.read(path)
  local file = io.open(M.root .. '/' .. path)
  return file and file:read('*a')
end

--- A reply of the model, for [M.model].
---@param content string
function M.says(content)
  return { message = { content = content }, usage = { inputTokens = 1200, outputTokens = 30, cachedTokens = 0 } }
end

---@param tool string
---@param arguments table
---@param content? string
function M.calls(tool, arguments, content)
  local reply = M.says(content or '')
  reply.message.toolCalls = { { name = tool, arguments = arguments } }
  return reply
end

--- A reply to the message after a turn that was stopped in a tool call.
---@param content string
function M.after_stop(content)
  local reply = M.says(content)
  reply.messages = { { role = 'tool' }, { role = 'assistant' }, { role = 'user' } } -- the second notes the stop
  return reply
end

--- Writes a recording that gives the replies in order, for any prompt. Other conversations
--- are chosen by their first prompt.
---@param replies table[]
---@param others? table<string, table[]>
---@return string path
function M.model(replies, others)
  local lines = {}
  local function add(list, prompt)
    for i, reply in ipairs(list) do
      local tool = i > 1 and list[i - 1].message.toolCalls
      local messages = reply.messages or { { role = tool and 'tool' or 'user', content = i == 1 and prompt or nil } }
      reply.messages = nil
      lines[#lines + 1] = vim.json.encode({ after = i == 1 and 0 or #lines, messages = messages, reply = reply })
    end
  end
  for prompt, list in pairs(others or {}) do
    add(list, prompt)
  end
  add(replies)
  local path = M.dir .. '/model.jsonl'
  vim.fn.writefile(lines, path)
  return path
end

--- The environment of a server that does not touch the user's files.
---@return table<string, string>
function M.env()
  return {
    TMPDIR = M.dir .. '/tmp',
    XDG_STATE_HOME = M.dir .. '/state',
    XDG_CONFIG_HOME = M.dir .. '/config',
    XDG_DATA_HOME = M.dir .. '/data',
    PYGENT_USE_DOCKER = '0',
    OPENAI_API_KEY = '',
    OPENAI_BASE_URL = '',
  }
end

---@param replay? string
---@param options? table
function M.setup(replay, options)
  local cmd = { assert(vim.env.PYGENT_BIN, 'PYGENT_BIN is not set: run make test-nvim'), 'serve' }
  if replay then
    vim.list_extend(cmd, { '--replay', replay })
  end
  local base = { cmd = cmd, env = M.env(), mode = 'auto', root = function() return M.root end }
  require('pygent').setup(vim.tbl_extend('force', base, options or {}))
end

--- Each reading of the clock advances it, and requests are answered at once if the spec says
--- how.
local clock = 0
require('pygent.deliberate').now = function()
  clock = clock + 5000
  return clock
end
vim.api.nvim_create_autocmd('User', {
  pattern = 'PygentAsks',
  callback = vim.schedule_wrap(function() require('pygent.approve').again() end),
})

---@param what string
---@param done fun(): any
function M.wait(what, done)
  if not vim.wait(LIMIT, function() return done() and true end, 5) then
    error(
      ('no %s\ntold: %s\nlog: %s'):format(what, vim.inspect(M.told), table.concat(require('pygent.log').tail(), '\n')),
      2
    )
  end
end

---@generic T
---@param want T
---@param got T
---@param what? string
function M.same(want, got, what)
  if not vim.deep_equal(want, got) then
    error(('%s: want %s, got %s'):format(what or 'differs', vim.inspect(want), vim.inspect(got)), 2)
  end
end

---@param s string
---@param part string
function M.has(s, part)
  if not s:find(part, 1, true) then
    error(('%q is not in:\n%s'):format(part, s), 2)
  end
end

---@param s string
---@param part string
function M.lacks(s, part)
  if s:find(part, 1, true) then
    error(('%q is in:\n%s'):format(part, s), 2)
  end
end

---@param name string
---@return integer
function M.buffer(name)
  for _, buf in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_get_name(buf) == name then
      return buf
    end
  end
  error('no buffer ' .. name, 2)
end

--- The text of the conversation.
---@return string
function M.chat()
  require('pygent.chat').flush()
  return table.concat(vim.api.nvim_buf_get_lines(M.buffer('pygent://chat'), 0, -1, false), '\n')
end

--- Sends a message and waits for the end of its turn.
---@param prompt string
---@param options? table
---@return pygent.Error? err, pygent.StepResult? result
function M.ask(prompt, options)
  local answered, err, result
  require('pygent').ask(prompt, options, function(e, r)
    answered, err, result = true, e, r
  end)
  M.wait('answer to ' .. prompt, function() return answered end)
  return err, result
end

--- Answers every vim.ui.select with the item whose label begins with a text.
---@param label string
---@return { prompt?: string, labels: string[], preview?: string[], times: integer } seen the last one
function M.choose(label)
  local seen = { labels = {}, times = 0 }
  vim.ui.select = function(items, options, on_choice)
    seen.preview, seen.times = M.float(), seen.times + 1
    seen.prompt, seen.labels = options.prompt, vim.tbl_map(options.format_item or tostring, items)
    for i, item in ipairs(items) do
      if vim.startswith(seen.labels[i], label) then
        return on_choice(item, i)
      end
    end
    on_choice(nil)
  end
  return seen
end

--- The text of the window above the choices.
---@return string[]?
function M.float()
  for _, win in ipairs(vim.api.nvim_list_wins()) do
    if vim.api.nvim_win_get_config(win).relative == 'editor' then
      return vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(win), 0, -1, false)
    end
  end
end

--- Kills the server with SIGKILL, and waits until the plugin knows.
function M.kill()
  local found = vim.system({ 'pgrep', '-P', tostring(vim.uv.os_getpid()) }):wait().stdout
  local connection = require('pygent.session').state().connection
  vim.uv.kill(tonumber(found:match('%d+')), 'sigkill')
  M.wait('loss', function() return require('pygent.session').state().connection ~= connection end)
end

local failed, ran = 0, 0

---@param name string
---@param fn fun()
function M.test(name, fn)
  ran = ran + 1
  local ok, err = xpcall(fn, debug.traceback)
  io.stdout:write(('%s %s\n'):format(ok and 'ok  ' or 'FAIL', name))
  if not ok then
    failed = failed + 1
    io.stdout:write(tostring(err), '\n')
  end
end

--- Ends the script. The server and its processes must be gone.
function M.finish()
  if package.loaded['pygent.session'] then
    require('pygent.session').close()
  end
  io.stdout:write(('%d of %d tests failed\n'):format(failed, ran))
  os.exit(failed == 0 and ran > 0 and 0 or 1)
end

return M
