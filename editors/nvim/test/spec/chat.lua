-- The chat with a scripted model: text, tool calls, changes, stop, sessions.
local h = dofile(vim.fs.joinpath(vim.fs.dirname(vim.fs.dirname(arg[0])), 'helpers.lua'))

h.write('notes.txt', 'one\ntwo\n')
h.setup(h.model({
  h.calls('bash', { cmd = 'cat notes.txt; printf "three\\n" >> notes.txt' }, 'I add a line.'),
  h.says('Done: **three** lines.'),
  h.calls('bash', { cmd = 'echo up; sleep 600', timeout = 600 }),
  h.after_stop('Still here.'),
  h.says('And here.'),
}))

h.test('text, a tool call and changes are shown', function()
  vim.cmd.edit(h.root .. '/notes.txt')
  local file = vim.api.nvim_get_current_buf()
  vim.cmd('Pygent chat')
  h.wait('session', function() return require('pygent.session').state().id end)
  local err, result = h.ask('Add a line.')
  h.same(nil, err)
  h.same('completed', result.status)
  local shown = h.chat()
  for _, part in ipairs({
    '## You\nAdd a line.',
    'I add a line.',
    '✓ Run: cat notes.txt',
    'one\ntwo\n',
    'Done: **three** lines.',
    'completed',
  }) do
    h.has(shown, part)
  end
  h.same({ 'one', 'two', 'three' }, vim.api.nvim_buf_get_lines(file, 0, -1, false), 'the buffer is loaded again')
end)

h.test('tool calls are folded', function()
  local win = vim.fn.win_findbuf(h.buffer('pygent://chat'))[1]
  vim.api.nvim_win_call(win, function()
    local row = vim.fn.search('^✓ Run', 'nw')
    vim.cmd.normal('zx')
    h.same(row, vim.fn.foldclosed(row))
    h.same(true, vim.fn.foldclosedend(row) > row + 3)
    h.same(-1, vim.fn.foldclosed(vim.fn.search('^Done', 'nw')))
  end)
end)

h.test('a turn is stopped in mid-command', function()
  local result
  require('pygent').ask('Hang.', nil, function(_, r) result = r end)
  h.wait('output of the command', function() return h.chat():find('up', 1, true) end)
  h.same('working', require('pygent').status())
  vim.cmd('Pygent stop')
  h.wait('end', function() return result end)
  h.same('cancelled', result.status)
  h.same('ready', require('pygent').status())
end)

h.test('a server that was killed comes back with its session', function()
  local state = require('pygent.session').state()
  local id = state.id
  h.told = {}
  h.kill()
  h.wait('another server', function() return state.connection and #h.told > 0 end)
  h.has(h.told[1], 'the server ended by signal 9: it was started again')
  h.has(h.chat(), 'it was started again, with this conversation')
  local err, result = h.ask('Are you there?')
  h.same(nil, err)
  h.same(nil, result.error)
  h.same('Still here.', result.text)
  h.same(id, state.id)
end)

h.test('one that ends again at once waits for the next message', function()
  h.told = {}
  h.kill()
  h.wait('message', function() return #h.told > 0 end)
  h.has(h.told[1], 'the server ended by signal 9: the next message starts it')
  h.has(h.chat(), 'the next message starts it again, with this conversation')
  h.same('off', require('pygent').status())
  local _, result = h.ask('And now?')
  h.same('And here.', result.text)
end)

h.finish()
