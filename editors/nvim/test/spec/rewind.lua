-- Rewinding to before a message, undoing that, and the current events of a session.
local h = dofile(vim.fs.joinpath(vim.fs.dirname(vim.fs.dirname(arg[0])), 'helpers.lua'))
local trail = require('pygent.trail')

h.write('notes.txt', 'one\n')
h.setup(h.model({
  h.calls('bash', { cmd = 'echo two >> notes.txt' }),
  h.says('Two lines.'),
  h.calls('bash', { cmd = 'echo three >> notes.txt; echo new > new.txt' }),
  h.says('Three lines.'),
}))

local function state() return require('pygent.session').state() end

---@param done fun(): any
local function rewind(done)
  vim.cmd('Pygent rewind')
  h.wait('end', done)
end

h.test('conversation and files go back, and the message can be written anew', function()
  vim.cmd('Pygent chat')
  h.ask('Add a line.')
  h.ask('Add another.')
  vim.cmd.edit(h.root .. '/notes.txt')
  local file = vim.api.nvim_get_current_buf()
  h.same({ 'one', 'two', 'three' }, vim.api.nvim_buf_get_lines(file, 0, -1, false))
  local seen = h.choose('Add another.')
  local input = h.buffer('pygent://message')
  rewind(function() return vim.api.nvim_buf_get_lines(input, 0, -1, false)[1] == 'Add another.' end)
  h.same({ 'Add another. · 2 files', 'Add a line. · 1 file' }, seen.labels)
  h.same('one\ntwo\n', h.read('notes.txt'))
  h.same(nil, h.read('new.txt'))
  h.same({ 'one', 'two' }, vim.api.nvim_buf_get_lines(file, 0, -1, false), 'the buffer follows')
  h.has(h.chat(), 'Two lines.')
  h.lacks(h.chat(), 'Three lines.')
  h.same('notes.txt', state().changes[1].path)
end)

h.test('going back is taken back', function()
  local seen = h.choose('undo the last going back')
  rewind(function() return h.read('new.txt') end)
  h.same({ 'undo the last going back', 'Add a line. · 1 file' }, seen.labels)
  h.wait('conversation', function() return h.chat():find('Three lines.', 1, true) end)
  h.same('one\ntwo\nthree\n', h.read('notes.txt'))
  h.same(2, #state().changes)
end)

h.test('nothing goes back below changes that are not written', function()
  local buf = h.buffer(h.root .. '/notes.txt')
  vim.api.nvim_buf_set_lines(buf, 0, -1, false, { 'mine' })
  h.told = {}
  h.choose('Add a line.')
  rewind(function() return #h.told > 0 end)
  h.has(h.told[1], 'notes.txt has changes that are not written')
  h.same('one\ntwo\nthree\n', h.read('notes.txt'))
  vim.api.nvim_buf_call(buf, function() vim.cmd('silent edit!') end)
end)

h.test('what was said before the first message is nothing', function()
  h.choose('Add a line.')
  rewind(function() return h.read('notes.txt') == 'one\n' end)
  h.wait('conversation', function() return not h.chat():find('Two lines.', 1, true) end)
  h.same({}, state().changes)
  vim.cmd('Pygent new')
  local id = state().id
  h.wait('session', function() return state().id and state().id ~= id end)
  h.told = {}
  rewind(function() return #h.told > 0 end)
  h.has(h.told[1], 'nothing was said yet')
end)

h.test('a resumed session shows what stands of it', function()
  local chosen
  vim.ui.select = function(items, _, done)
    chosen = vim.iter(items):find(function(s) return s.title == 'Add a line.' end)
    done(chosen)
  end
  vim.cmd('Pygent sessions')
  h.wait('session', function() return chosen and state().id == chosen.sessionId end)
  h.lacks(h.chat(), 'Two lines.')
end)

h.test('the events that stand', function()
  local t = trail.new()
  local function turn(id)
    t:add({ kind = 'turnStarted', turnId = id })
    t:add({ kind = 'message', role = 'user', turnId = id, text = 'say ' .. id })
    t:add({ kind = 'turnFinished', turnId = id })
  end
  local function ids()
    return vim.tbl_map(function(found) return found.id end, t:turns())
  end
  turn('a')
  turn('b')
  turn('c')
  t:add({ kind = 'rewound', turnId = 'r1', toTurnId = 'b' })
  h.same({ 'a' }, ids())
  h.same('r1', t.rewound)
  turn('d')
  h.same({ 'd', 'a' }, ids())
  h.same(nil, t.rewound)
  t:add({ kind = 'rewound', turnId = 'r2', toTurnId = 'r1' })
  h.same({ 'c', 'b', 'a' }, ids())
  t:add({ kind = 'rewound', turnId = 'r3', toTurnId = 'r2' })
  h.same({ 'd', 'a' }, ids())
  t:add({ kind = 'rewound', turnId = 'r4', toTurnId = 'not known' })
  h.same({}, ids())
end)

h.finish()
