-- Approvals of the real server, in mode ask: commands, edits, delegated agents, and pending
-- requests of a killed server.
local h = dofile(vim.fs.joinpath(vim.fs.dirname(vim.fs.dirname(arg[0])), 'helpers.lua'))
local approve = require('pygent.approve')

--- A reply to the message after something was denied or done.
local function bash(cmd) return h.calls('bash', { cmd = cmd }) end

h.write('notes.txt', 'one\ntwo\n')
h.setup(
  h.model({
    bash('echo ran > ran.txt'),
    h.says('It ran.'),
    bash('echo ran > too.txt'),
    h.says('It ran too.'),
    h.calls('write_file', { path = 'notes.txt', content = 'one\n2\n' }),
    h.says('It is written.'),
    h.calls('write_file', { path = 'notes.txt', content = 'nothing\n' }),
    h.says('I leave it.'),
    bash('echo again >> rule.txt'),
    bash('echo again >> rule.txt'),
    h.says('Twice.'),
    bash('echo no > no.txt'),
    h.after_stop('Go on.'),
    bash('echo late > late.txt'),
    h.says('It is late.'),
  }, { ['Try it.'] = { bash('echo child > child.txt'), h.says('Tried.') } }),
  { mode = 'ask' }
)

h.test('a command is shown, approved and run', function()
  vim.cmd('Pygent chat')
  h.wait('session', function() return require('pygent.session').state().id end)
  local asked
  vim.api.nvim_create_autocmd('User', {
    pattern = 'PygentAsks',
    once = true,
    callback = function(event) asked = event.data end,
  })
  local seen = h.choose('Allow')
  local _, result = h.ask('Run it.')
  h.same('It ran.', result.text)
  h.same('ran\n', h.read('ran.txt'))
  h.same('Pygent wants to run a command:', seen.prompt)
  h.same({ 'echo ran > ran.txt' }, seen.preview)
  h.same({ false, 'echo ran > ran.txt' }, { asked.question, asked.params.command })
  h.has(h.chat(), '✓ Run: echo ran > ran.txt · allowed')
end)

h.test('a picker that was closed without a word is shown again', function()
  local open = 0
  vim.ui.select = function() open = open + 1 end
  local result
  require('pygent').ask('Run that.', nil, function(_, r) result = r end)
  h.wait('picker', function() return open == 1 end)
  h.choose('Allow')
  vim.cmd('Pygent answer')
  h.wait('end', function() return result end)
  h.same('It ran too.', result.text)
end)

h.test('an edit is shown as a diff and approved', function()
  local seen = h.choose('Allow')
  local _, result = h.ask('Write it.')
  h.same('It is written.', result.text)
  h.same('one\n2\n', h.read('notes.txt'))
  h.same('Pygent wants to change files:', seen.prompt)
  local shown = table.concat(seen.preview, '\n')
  h.has(shown, '# notes.txt\n')
  h.has(shown, '\n-two\n+2')
end)

h.test('an edit is denied, and the model is told why', function()
  h.choose('Deny, and')
  vim.ui.input = function(_, done) done('not this file') end
  local _, result = h.ask('Write more.')
  h.same('I leave it.', result.text)
  h.same('one\n2\n', h.read('notes.txt'))
  h.has(h.chat(), '✗ Write: notes.txt · denied: not this file')
  local told
  require('pygent.kept').history(
    require('pygent.session').state().id,
    0,
    function(event) told = event.kind == 'toolFinished' and event.text or told end
  )
  h.wait('history', function() return told end)
  h.has(told, 'not this file')
end)

h.test('what is allowed for the session is not asked again', function()
  local seen = h.choose('Allow for this session: echo again >> rule.txt')
  local _, result = h.ask('Twice, please.')
  h.same('Twice.', result.text)
  h.same('again\nagain\n', h.read('rule.txt'))
  h.same(1, seen.times)
end)

h.test('the turn is stopped instead of an answer', function()
  h.choose('Stop the turn')
  local _, result = h.ask('Do not.')
  h.same('cancelled', result.status)
  h.same(nil, h.read('no.txt'))
  local _, next_one = h.ask('Go on.')
  h.same('Go on.', next_one.text)
end)

h.test('a delegated agent asks, and who asks is told', function()
  local seen = h.choose('Allow')
  vim.cmd('Pygent task Try it.')
  h.wait('end', function() return table.concat(h.told, '\n'):find('task Try it.: finished', 1, true) end)
  h.same('A delegated agent wants to run a command:', seen.prompt)
  h.same({ 'echo child > child.txt' }, seen.preview)
  h.same(0, approve.pending())
end)

h.test('what a killed server had asked is asked again, and its turn goes on', function()
  h.choose('nothing')
  require('pygent').ask('Be late.')
  h.wait('approval', function() return approve.pending() == 1 end)
  h.wait('message', function() return h.told[#h.told]:find('it waits for an answer', 1, true) end)
  local seen = h.choose('Allow')
  h.kill()
  h.wait('the rest of the turn', function() return h.chat():find('It is late.', 1, true) end)
  h.same({ 'echo late > late.txt' }, seen.preview)
  h.same('late\n', h.read('late.txt'))
  h.has(h.chat(), 'it was started again and asks again')
  h.has(h.chat(), '✓ Run: echo late > late.txt · allowed')
  h.wait('end', function() return require('pygent').status() == 'ready' end)
end)

h.finish()
