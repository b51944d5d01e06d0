-- Errors are shown in one line that says what to do, without a traceback.
local h = dofile(vim.fs.joinpath(vim.fs.dirname(vim.fs.dirname(arg[0])), 'helpers.lua'))
local session = require('pygent.session')

--- A shell script in place of the server.
---@param script string
local function program(script)
  local path = h.dir .. '/other'
  vim.fn.writefile(vim.split('#!/bin/sh\n' .. script, '\n'), path)
  vim.uv.fs_chmod(path, 448)
  return { path, 'serve' }
end

--- A program that answers initialize.
---@param result table
local function answering(result)
  local body = vim.json.encode({ jsonrpc = '2.0', id = 1, result = result })
  vim.fn.writefile(vim.split(('Content-Length: %d\r\n\r\n%s'):format(#body, body), '\n'), h.dir .. '/answer', 'b')
  return program(('cat %s; [ "$1" = serve ] || exit 0; exec cat >/dev/null'):format(h.dir .. '/answer'))
end

---@param part string
local function fails(part)
  h.told = {}
  local err = h.ask('hi')
  h.has(err.message, part)
  h.wait('message', function() return #h.told > 0 end)
  for _, message in ipairs(h.told) do
    h.lacks(message, 'traceback')
    h.lacks(message, '.lua:')
    h.lacks(message, '\n')
  end
  h.same(nil, session.state().connection)
end

h.test('the program is missing', function()
  h.setup(nil, { cmd = { 'pygent-that-is-not-there', 'serve' } })
  fails('pygent-that-is-not-there is not there: install it, or name it with require("pygent").setup')
end)

h.test('another version', function()
  local about = {
    serverInfo = { name = 'pygent', version = '9.9' },
    capabilities = { experimental = { pygent = { protocolVersion = 9 } } },
  }
  h.setup(nil, { cmd = answering(about) })
  fails('pygent 9.9 speaks protocol 9 and this plugin 1: update the plugin')
end)

h.test('another server', function()
  h.setup(nil, { cmd = answering({ serverInfo = { name = 'gopls' }, capabilities = vim.empty_dict() }) })
  fails('is another server (gopls): see the setting cmd')
end)

h.test('a program that says nothing, and one that ends', function()
  h.setup(nil, { cmd = program('exec cat >/dev/null'), start_timeout = 300 })
  fails('does not answer: is it pygent? See :checkhealth pygent')
  h.setup(nil, { cmd = program('echo "max_tasks: x is not a number" >&2; exit 2') })
  fails('max_tasks: x is not a number')
end)

h.test('no key', function()
  h.setup()
  vim.cmd('Pygent chat')
  h.told = {}
  local err = h.ask('hi')
  h.same(-31008, err.code)
  h.has(h.chat(), 'OPENAI_API_KEY')
  h.wait('message', function() return #h.told > 0 end)
  h.has(h.told[#h.told], 'OPENAI_API_KEY')
end)

h.test('a key that comes later needs a restart', function()
  local env = h.env()
  h.setup(h.model({ h.says('Here.') }), { env = env })
  vim.cmd('Pygent restart')
  h.wait('server', function() return session.state().connection and session.state().id end)
  local _, result = h.ask('hi')
  h.same('Here.', result.text)
end)

--- Sends a step to a server that answers with messages, all in one write, and returns the
--- order in which they are handled: methods, "answer" and codes of errors.
---@param messages table[]
---@param last string|integer
---@return (string|integer)[]
local function taken(messages, last)
  local order, connection = {}, nil
  local function write(name, list)
    local frames = ''
    for _, message in ipairs(list) do
      message.jsonrpc = '2.0'
      local body = vim.json.encode(message)
      frames = frames .. ('Content-Length: %d\r\n\r\n%s'):format(#body, body)
    end
    vim.fn.writefile(vim.split(frames, '\n'), h.dir .. '/' .. name, 'b')
  end
  local welcome = {
    serverInfo = { name = 'pygent', version = '1' },
    capabilities = { experimental = { pygent = { protocolVersion = 1, methods = {} } } },
  }
  write('first', { { id = 1, result = welcome } })
  write('second', messages)
  local script = 'cd %s; cat first; grep -aqm1 agent/step; cat second; exec cat >/dev/null'
  h.setup(nil, { cmd = program(script:format(h.dir)) })
  require('pygent.rpc').start(h.root, {
    event = function(method) order[#order + 1] = method end,
    request = function() end,
    exit = function() end,
  }, function(_, c) connection = c end)
  h.wait('connection', function() return connection end)
  connection:request('agent/step', {}, function(err) order[#order + 1] = err and err.code or 'answer' end)
  connection.client.notify('initialized', vim.empty_dict()) -- ends the line that grep reads
  h.wait('answer', function() return vim.tbl_contains(order, last) end)
  connection:close(100)
  return order
end

h.test(
  'an answer that the library swallows settles',
  function() h.same({ -32800 }, taken({ { id = 2, error = { code = -32800, message = 'cancelled' } } }, -32800)) end
)

h.test('an answer is taken in its place among the events', function()
  local before, behind = { method = 'before', params = { 1 } }, { method = 'behind', params = { 1 } }
  h.same({ 'before', 'answer', 'behind' }, taken({ before, { id = 2, result = { 1 } }, behind }, 'behind'))
end)

h.test('subcommands that are not there', function()
  h.told = {}
  vim.cmd('Pygent nothing | echo')
  h.wait('message', function() return #h.told > 0 end)
  h.has(h.told[1], 'there is no :Pygent nothing; there are answer, ask, chat')
  h.same({ 'task', 'tasks' }, vim.fn.getcompletion('Pygent ta', 'cmdline'))
  h.same({ 'plan' }, vim.fn.getcompletion('Pygent mode p', 'cmdline'))
end)

h.test('settings that cannot be meant are refused', function()
  for _, options in ipairs({ { mode = 'yolo' }, { cmd = 'pygent' }, { colour = 1 }, { env = 1 } }) do
    h.same(false, (pcall(require('pygent').setup, options)))
  end
end)

h.test('a log that cannot be kept keeps nothing from working', function()
  local log, state = require('pygent.log'), vim.env.XDG_STATE_HOME
  vim.fn.writefile({}, h.dir .. '/no-directory')
  vim.uv.os_setenv('XDG_STATE_HOME', h.dir .. '/no-directory')
  local path = log.path()
  log.write('kept for now')
  local lines = log.tail()
  vim.uv.os_setenv('XDG_STATE_HOME', state)
  h.lacks(path, 'no-directory')
  h.has(lines[#lines], 'kept for now')
end)

h.test('a server that has to be told by a signal is waited for', function()
  local result = {
    serverInfo = { name = 'pygent', version = '1' },
    capabilities = { experimental = { pygent = { protocolVersion = 1, methods = {} } } },
  }
  local cmd = answering(result)
  vim.fn.writefile({
    '#!/bin/sh',
    'trap "sleep 0.5; exit 0" TERM',
    ('cat %s/answer'):format(h.dir),
    'while :; do sleep 0.1; done',
  }, cmd[1])
  h.setup(nil, { cmd = cmd })
  local connection
  require('pygent.rpc').start(
    h.root,
    { event = function() end, request = function() end, exit = function() end },
    function(_, c) connection = c end
  )
  h.wait('connection', function() return connection end)
  connection:close(2000)
  h.has(connection.ended, 'the server ended')
end)

--- The output of :checkhealth pygent.
---@return string
local function health()
  vim.cmd.checkhealth('pygent')
  local report
  h.wait('report', function()
    report = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n')
    return report:find('log: ', 1, true) or report:find('Neovim is older', 1, true)
  end)
  vim.cmd('silent bwipeout!')
  return report
end

h.test('checkhealth: all is well', function()
  local env = h.env()
  env.OPENAI_BASE_URL = 'http://127.0.0.1:1/v1'
  h.setup(nil, { env = env })
  local report = health()
  h.has(report, 'the server speaks protocol 1')
  h.has(report, 'commands run in local')
  h.has(report, 'a model is configured, and commands run')
  h.lacks(report, 'ERROR')
end)

h.test('checkhealth: no key', function()
  h.setup()
  local report = health()
  h.has(report, 'set OPENAI_API_KEY, or OPENAI_BASE_URL to a local server')
  h.has(report, 'set it before Neovim starts')
end)

h.test('checkhealth: no program, and what is none', function()
  h.setup(nil, { cmd = { 'pygent-that-is-not-there' } })
  h.has(health(), 'install it')
  h.setup(nil, { cmd = { 'false', 'serve' } })
  h.has(health(), 'is it pygent? See the setting cmd')
  local cmd = program('')
  vim.fn.writefile({ 'of another machine' }, cmd[1])
  h.setup(nil, { cmd = cmd })
  h.has(health(), 'is it pygent? See the setting cmd')
end)

h.test('checkhealth: another version', function()
  local about = {
    serverInfo = { name = 'pygent', version = '0.1' },
    capabilities = { experimental = { pygent = { protocolVersion = 0 } } },
  }
  h.setup(nil, { cmd = answering(about) })
  -- The same program answers "version": with words that do not matter.
  h.has(health(), 'pygent 0.1 speaks protocol 0 and this plugin 1: update the program')
end)

h.test('an editor that is too old is told', function()
  local has = vim.fn.has
  vim.fn.has = function(what) return what == 'nvim-0.11' and 0 or has(what) end
  h.setup()
  local report = health()
  h.told = {}
  vim.cmd('Pygent chat')
  vim.fn.has = has
  h.has(report, 'Neovim is older than 0.11')
  h.lacks(report, 'the server')
  h.wait('message', function() return #h.told > 0 end)
  h.has(h.told[1], 'this needs Neovim 0.11 or newer')
end)

h.finish()
