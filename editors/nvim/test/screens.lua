-- Real screens: the editor in a terminal of its own, keys typed, and what stands
-- there compared with screens/*.txt: nvim -l test/screens.lua [-update]
local h = dofile(vim.fs.joinpath(vim.fs.dirname(arg[0]), 'helpers.lua'))
local nvim = vim.env.NVIM_UNDER_TEST or vim.v.progpath
local update = arg[1] == '-update'
local socket ---@type string of the terminal; each scene has its own
local editor = h.dir .. '/editor.sock'

---@param ... string
---@return string
local function tmux(...)
  local result = vim.system({ 'tmux', '-L', socket, '-f', '/dev/null', ... }, { text = true }):wait()
  assert(result.code == 0, result.stderr)
  return result.stdout
end

--- Starts the editor with a scripted model.
---@param replay string
local function start(replay)
  socket = ('pygent-%d-%d'):format(vim.uv.os_getpid(), vim.uv.hrtime())
  h.write('notes.txt', 'one\ntwo\n')
  local init = {
    ('vim.opt.rtp:prepend(%q)'):format(h.here),
    'vim.o.swapfile, vim.o.shadafile, vim.o.termguicolors = false, "NONE", false',
    'vim.o.statusline = "%f"', -- that of the editor differs between its versions
    ('require("pygent").setup({ cmd = { %q, "serve", "--replay", %q }, mode = "auto",'):format(
      vim.env.PYGENT_BIN,
      replay
    ),
    ('  env = vim.json.decode(%q), root = function() return %q end })'):format(vim.json.encode(h.env()), h.root),
  }
  vim.list_extend(init, {
    '_G.approve = function(path) vim.schedule(coroutine.wrap(function()',
    '  local request = vim.json.decode(vim.fn.readfile(path)[1])',
    '  vim.g.answer = require("pygent.approve").ask("agent/requestApproval", request).decision',
    'end)) end',
  })
  vim.fn.writefile(init, h.dir .. '/init.lua')
  vim.fn.delete(editor)
  local env = { 'env', 'LC_ALL=C.UTF-8', 'TERM=screen-256color' }
  for _, name in ipairs({ 'STATE', 'CONFIG', 'DATA', 'CACHE' }) do
    env[#env + 1] = ('XDG_%s_HOME=%s'):format(name, h.dir .. '/editor')
  end
  local command = { nvim, '--clean', '--listen', editor, '--cmd', 'luafile ' .. h.dir .. '/init.lua', 'notes.txt' }
  tmux('new-session', '-d', '-x', '90', '-y', '26', '-c', h.root, unpack(vim.list_extend(env, command)))
end

--- What stands on the screen, without what differs from run to run.
---@return string
local function screen()
  local shown = tmux('capture-pane', '-p'):gsub('%d+%.%d s', 'N.N s'):gsub('local/%a+', 'local/sandbox')
  return (shown:gsub(' +\n', '\n'))
end

---@param part string
local function see(part)
  local shown
  if not vim.wait(20000, function()
    shown = screen()
    return shown:find(part, 1, true) ~= nil
  end, 50) then
    error(('%q does not come:\n%s'):format(part, shown), 2)
  end
end

---@param ... string keys as tmux names them
local function keys(...) tmux('send-keys', ...) end

--- Compares the screen with the one that is kept.
---@param name string
local function golden(name)
  local path = ('%s/test/screens/%s.txt'):format(h.here, name)
  if update then
    local before
    vim.wait(5000, function() -- until it stands still
      local now = screen()
      local still = now == before
      before = now
      return still
    end, 500)
    vim.fn.writefile(vim.split(screen(), '\n', { plain = true, trimempty = true }), path)
    return
  end
  local want = table.concat(vim.fn.readfile(path), '\n')
  local got
  if not vim.wait(5000, function()
    got = vim.trim(screen())
    return got == vim.trim(want)
  end, 100) then
    error(('%s differs; want:\n%s\ngot:\n%s'):format(path, want, got), 2)
  end
end

--- Runs Lua in the editor.
---@param code string an expression
---@return string
local function lua(code)
  local result =
    vim.system({ nvim, '--server', editor, '--remote-expr', ('luaeval(%s)'):format(vim.fn.string(code)) }):wait()
  assert(result.code == 0, result.stderr)
  return vim.trim(result.stdout .. result.stderr)
end

---@param name string
---@param replay string
---@param fn fun()
local function scene(name, replay, fn)
  h.test('screen: ' .. name, function()
    start(replay)
    local ok, err = xpcall(fn, debug.traceback)
    -- A prompt that still stands is left before.
    pcall(keys, 'C-c')
    pcall(lua, 'vim.cmd.qall({ bang = true })')
    vim.wait(10000, function() return not vim.uv.fs_stat(editor) end, 20)
    pcall(tmux, 'kill-server')
    assert(ok, err)
  end)
end

local model = h.model({
  h.calls('bash', { cmd = 'printf "three\\n" >> notes.txt; cat notes.txt' }, 'I add a line to the file.'),
  h.says('Done: **three** lines.\n\n```lua\nprint("three")\n```'),
})
scene('chat', model, function()
  see('two')
  keys(':Pygent chat', 'Enter')
  see('ready')
  keys('Add a line.')
  golden('message')
  keys('Enter')
  see('completed')
  golden('chat')
  keys('C-w', 'k')
  keys('gg', '/bash', 'Enter', 'zo')
  see('one')
  golden('tool')
end)

scene(
  'question',
  h.model({ h.calls('ask_user', { prompt = 'Which colour?', options = { 'red', 'blue' } }), h.says('Blue it is.') }),
  function()
    see('two')
    keys(':Pygent ask Ask me.', 'Enter')
    see('Something else')
    golden('question')
    keys('2', 'Enter')
    see('Blue it is.')
  end
)

-- The request is handed to the plugin as the library would.
scene('approval', model, function()
  see('two')
  local request = {
    requestKey = 'k',
    sessionId = 's',
    turnId = 't',
    title = 'x',
    options = { 'allow', 'allowForSession', 'deny', 'cancelTurn' },
  }
  local function ask(more)
    vim.fn.writefile({ vim.json.encode(vim.tbl_extend('force', request, more)) }, h.dir .. '/request.json')
    lua(('approve(%q)'):format(h.dir .. '/request.json'))
  end
  ask({ kind = 'command', command = 'go test ./... | tee "\27[2Jlog"', rule = 'go test *' })
  see('Stop the turn')
  golden('approval')
  keys('2', 'Enter')
  vim.wait(10000, function() return lua('vim.g.answer') == 'allowForSession' end, 50)
  h.same('allowForSession', lua('vim.g.answer'))
  ask({ kind = 'edit', changes = { { path = 'notes.txt', patch = '@@ -1,2 +1,2 @@\n one\n-two\n+2\n' } } })
  see('+2')
  golden('approval-edit')
  keys('q')
  see('waits for an answer')
end)

scene('tasks', h.model({ h.says('unused') }, { ['Write a report.'] = { h.says('Written.') } }), function()
  see('two')
  keys(':Pygent task Write a report.', 'Enter')
  see('finished')
  keys(':Pygent tasks', 'Enter')
  see('<CR> output')
  see('finished    Write')
  golden('tasks')
end)

scene('no program', model, function()
  see('two')
  lua('require("pygent").setup({ cmd = { "not-there" } })')
  keys(':Pygent ask hi', 'Enter')
  see('is not there')
  golden('missing')
end)

h.finish()
