-- Real screens: runs the editor in a terminal, types keys and compares the screen with
-- screens/*.txt: nvim -l test/screens.lua [-update]
local h = dofile(vim.fs.joinpath(vim.fs.dirname(arg[0]), 'helpers.lua'))
local nvim = vim.env.NVIM_UNDER_TEST or vim.v.progpath
local update = arg[1] == '-update'
local socket ---@type string of the terminal; each scene has its own
local editor = h.dir .. '/editor.sock'
local PATIENCE = 10000 -- milliseconds for one answer of the terminal or the editor

---@param ... string
---@return string
local function tmux(...)
  local result = vim
    .system({ 'tmux', '-L', socket, '-f', '/dev/null', ... }, { text = true, timeout = PATIENCE })
    :wait()
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
    'vim.o.statusline = "%f"', -- the default differs between versions
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
  tmux('new-session', '-d', '-x', '80', '-y', '24', '-c', h.root, unpack(vim.list_extend(env, command)))
end

--- The text on the screen, without the parts that differ between runs.
---@return string
local function screen()
  local shown = tmux('capture-pane', '-p')
    :gsub('%d+%.%d s', 'N.N s')
    :gsub('working %d+ s', 'working N s')
    :gsub('sandbox %a+', 'sandbox LEVEL')
    :gsub('In ' .. vim.pesc(h.root), 'In ROOT')
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

--- Waits until a text is no longer on the screen.
---@param part string
local function gone(part)
  local shown
  if not vim.wait(20000, function()
    shown = screen()
    return not shown:find(part, 1, true)
  end, 50) then
    error(('%q stays:\n%s'):format(part, shown), 2)
  end
end

---@param ... string keys as tmux names them
local function keys(...) tmux('send-keys', ...) end

--- Compares the screen with the golden file.
---@param name string
local function golden(name)
  local path = ('%s/test/screens/%s.txt'):format(h.here, name)
  if update then
    local before
    repeat -- until it does not change any more
      before = screen()
      vim.wait(500)
    until screen() == before
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
  local expression = ('luaeval(%s)'):format(vim.fn.string(code))
  local command = { nvim, '--server', editor, '--remote-expr', expression }
  local result = vim.system(command, { text = true, timeout = PATIENCE }):wait()
  assert(result.code == 0, result.stderr)
  return vim.trim(result.stdout .. result.stderr)
end

--- Scrolls the conversation's end to the bottom, because how far the editor scrolls by itself
--- depends on how much text came at once.
local function bottom()
  lua(
    [[vim.api.nvim_win_call(vim.fn.bufwinid('pygent://chat'), function() vim.cmd.normal({ 'Gzb', bang = true }) end)]]
  )
end

--- Switches to the mode in which edits and commands ask.
local function ask_first()
  keys(':Pygent mode ask', 'Enter')
  h.wait('the mode', function() return lua('require("pygent.session").state().mode') == 'ask' end)
end

--- Shows the choices of a request, and waits until an answer counts.
local function answer()
  see('answer: :Pygent answer')
  keys(':Pygent answer', 'Enter')
  see('Type number')
  vim.wait(1100) -- an answer counts after a second
end

---@param name string
---@param replay string
---@param fn fun()
local function scene(name, replay, fn)
  h.test('screen: ' .. name, function()
    start(replay)
    local ok, err = xpcall(fn, debug.traceback)
    -- Leaves an open prompt first.
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
  keys('gg', '/Run:', 'Enter', 'zM', 'Enter')
  see('~~~')
  golden('tool')
  keys('g?')
  see('Where the message is written')
  golden('help')
  keys('q', 'G', '?notes.txt', 'Enter', 'Enter')
  see('before the turn')
  golden('diff')
end)

local typed =
  h.model({ h.calls('bash', { cmd = 'while [ ! -e go ]; do sleep 0.1; done; seq 100 103' }), h.says('Counted.') })
scene('typing while it works', typed, function()
  see('two')
  keys(':Pygent chat', 'Enter')
  see('ready')
  keys('Count.', 'Enter')
  see('▸ Run')
  keys('i', 'And then')
  see('And then')
  h.write('go', '')
  see('completed')
  keys('Escape')
  gone('102')
  see('✓ Run')
  keys('C-w', 'h', ':Pygent sessions', 'Enter')
  see('Conversations')
  keys('1', 'Enter')
  h.wait('chat', function() return lua('vim.bo.filetype') == 'pygent-message' end)
  h.same('n', lua('vim.api.nvim_get_mode().mode'))
  see('✓ Run')
end)

scene(
  'question',
  h.model({ h.calls('ask_user', { prompt = 'Which colour?', options = { 'red', 'blue' } }), h.says('Blue it is.') }),
  function()
    see('two')
    keys(':Pygent ask Ask me.', 'Enter')
    answer()
    see('Something else')
    golden('question')
    keys('C-c')
    see('it waits for an answer: :Pygent answer')
    keys(':Pygent answer', 'Enter')
    see('Something else')
    vim.wait(1100)
    keys('2', 'Enter')
    see('Blue it is.')
  end
)

--- A model whose actions need approval.
local careful = h.model({
  h.calls('bash', { cmd = 'printf "a\\033[2Jb\\n" | tee "log\27[1A" | wc -c' }, 'I count.'),
  h.calls('write_file', { path = 'notes.txt', content = 'one\n2\n' }, 'And write it down.'),
  h.says('Both done.'),
}, {
  ['Count the files.'] = {
    h.calls('bash', { cmd = 'ls | wc -l' }),
    h.says('Counted.'),
  },
})
scene('approval', careful, function()
  see('two')
  ask_first()
  keys(':Pygent ask Count, and write.', 'Enter')
  answer()
  golden('approval')
  keys('1', 'Enter')
  see('change files')
  answer()
  golden('approval-edit')
  keys('4', 'Enter')
  see('Why not?')
  keys('not this file', 'Enter')
  see('completed')
  bottom()
  golden('denied')
  keys(':Pygent task Count the files.', 'Enter')
  see('A delegated agent')
  answer()
  golden('approval-task')
  keys('1', 'Enter')
  see('finished')
end)

scene('typing through a question', careful, function()
  see('two')
  ask_first()
  keys(':Pygent ask Count, and write.', 'Enter', 'o', '1', 'Enter', 'yes 1')
  see('yes 1') -- the question comes meanwhile
  keys('Escape')
  see('answer: :Pygent answer')
  keys('o', '1', 'Enter', 'a', 'Escape', '1', 'Enter')
  local text = 'table.concat(vim.api.nvim_buf_get_lines(1, 0, -1, false), "|")'
  h.wait('text', function() return lua(text):find('yes 1|1|a', 1, true) end)
  golden('typing')
  h.same('1', lua('require("pygent.approve").pending()'))
  keys(':Pygent answer', 'Enter', '1', 'Enter', 'Enter', 'Enter') -- and keys that are typed ahead or held down
  see('an answer counts after a second')
  keys('1', 'Enter')
  see('too soon to be an answer')
  h.same('1', lua('require("pygent.approve").pending()'))
  keys(':Pygent answer', 'Enter')
  see('Type number')
  vim.wait(1100)
  keys('1', 'Enter')
  see('change files')
end)

scene('killed', careful, function()
  see('two')
  ask_first()
  keys(':Pygent ask Count, and write.', 'Enter')
  answer()
  keys('q')
  see('it waits for an answer')
  local child = vim.system({ 'pgrep', '-P', lua('vim.fn.getpid()') }, { text = true }):wait().stdout
  vim.uv.kill(assert(tonumber(child:match('%d+'))), 'sigkill')
  see('it was started again and asks again')
  answer()
  keys('1', 'Enter')
  see('change files')
  answer()
  keys('1', 'Enter')
  see('completed')
  bottom()
  golden('killed')
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
  see('not-there is not there: install it, or')
  golden('missing')
end)

h.finish()
