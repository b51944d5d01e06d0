-- Requests of the server: questions of the real server, approvals and their answers.
local h = dofile(vim.fs.joinpath(vim.fs.dirname(vim.fs.dirname(arg[0])), 'helpers.lua'))
local approve = require('pygent.approve')

h.setup(h.model({
  h.calls('ask_user', { prompt = 'Which colour?', options = { 'red', 'blue' } }),
  h.says('It is blue.'),
  h.calls('ask_user', { prompt = 'Which name?' }),
  h.says('A good name.'),
  h.calls('ask_user', { prompt = 'Really?' }),
  h.after_stop('Fine.'),
}))

h.test('a question with options is answered by choosing', function()
  local seen = h.choose('blue')
  local _, result = h.ask('Ask me.')
  h.same('It is blue.', result.text)
  h.same({ 'red', 'blue', 'Something else' }, seen.labels)
end)

h.test('a question is answered by typing', function()
  vim.ui.input = function(_, done) done('Ada') end
  local _, result = h.ask('Ask again.')
  h.same('A good name.', result.text)
end)

h.test('a question that is put aside waits, and goes with its turn', function()
  vim.ui.input = function(_, done) done(nil) end
  local result
  require('pygent').ask('Ask once more.', nil, function(_, r) result = r end)
  h.wait('question', function() return approve.pending() == 1 end)
  h.same('asks', require('pygent').status())
  vim.cmd('Pygent stop')
  h.wait('end', function() return result end)
  h.same('cancelled', result.status)
  h.same(0, approve.pending())
end)

--- Lets the plugin handle an approval in a coroutine, as the library does.
---@param params table
local function request(params)
  local answer
  coroutine.wrap(function()
    local defaults = {
      requestKey = 'k',
      sessionId = 's',
      turnId = 't',
      kind = 'command',
      title = 'x',
      options = { 'allow', 'allowForSession', 'deny', 'cancelTurn' },
    }
    answer = approve.ask('agent/requestApproval', vim.tbl_extend('force', defaults, params))
  end)()
  return function() return answer end
end

h.test('an approval shows the exact command and the rule', function()
  local seen = h.choose('Allow for')
  local answer = request({ command = 'echo \27[2Jhi\226\128\174 | sh\nrm\r x', rule = 'echo *' })
  h.wait('answer', answer)
  h.same({ decision = 'allowForSession' }, answer())
  h.same({ 'Allow', 'Allow for this session: echo *', 'Deny', 'Deny, and say why', 'Stop the turn' }, seen.labels)
  h.same({ 'echo \\x1b[2Jhi\\u{202e} | sh', 'rm\\x0d x' }, seen.preview)
end)

h.test('an approval of changes shows the diff', function()
  local seen = h.choose('Allow')
  local answer = request({ kind = 'edit', changes = { { path = 'a\nb|c', patch = '@@ -1 +1 @@\n-x\n+y\n' } } })
  h.wait('answer', answer)
  h.same({ decision = 'allow' }, answer())
  h.same({ '# a\\nb|c', '@@ -1 +1 @@', '-x', '+y' }, seen.preview)
end)

h.test('what does not fit is shown in a window of its own first', function()
  local seen = h.choose('Show all of it')
  local patch = '@@ -0,0 +1,200 @@\n' .. ('+x\n'):rep(200)
  local answer = request({ kind = 'edit', changes = { { path = 'long', patch = patch } } })
  h.wait('window', function() return vim.api.nvim_buf_line_count(0) == 202 end)
  h.same(nil, h.float())
  h.same(1, approve.pending())
  h.same('Show all of it, and ask later', seen.labels[#seen.labels])
  h.choose('Deny')
  vim.cmd('Pygent answer')
  h.wait('answer', answer)
  h.same({ decision = 'deny' }, answer())
  vim.cmd.close()
end)

h.test('a denial can say why', function()
  h.choose('Deny, and')
  vim.ui.input = function(_, done) done('not today') end
  local answer = request({ command = 'ls' })
  h.wait('answer', answer)
  h.same({ decision = 'deny', feedback = 'not today' }, answer())
end)

h.test('what was answered elsewhere is withdrawn', function()
  h.choose('nothing')
  local answer = request({ command = 'ls' })
  h.wait('message', function() return #h.told > 0 and h.told[#h.told]:find('waits for an answer') end)
  approve.event({ kind = 'approvalResolved', requestKey = 'k', sessionId = 's', decision = 'allow' })
  h.wait('answer', answer)
  h.same(0, approve.pending())
end)

h.test('what is asked takes no key, and the window says how to answer', function()
  vim.api.nvim_clear_autocmds({ event = 'User', pattern = 'PygentAsks' }) -- nobody answers at once
  local seen = h.choose('Allow')
  local mode = vim.api.nvim_get_mode
  vim.api.nvim_get_mode = function() return { mode = 'i', blocking = false } end
  local answer = request({ command = 'ls' })
  h.wait('message', function() return h.told[#h.told]:find('it asks: :Pygent answer', 1, true) end)
  h.same(nil, h.float())
  vim.api.nvim_get_mode = mode
  vim.api.nvim_exec_autocmds('ModeChanged', { pattern = 'i:n' })
  h.wait('window', h.float)
  h.same({ 0, nil, { 'ls' } }, { seen.times, answer(), h.float() })
  vim.cmd('Pygent answer')
  h.wait('answer', answer)
  h.same({ decision = 'allow' }, answer())
end)

h.test('an answer that is typed at once does not count, nor does one key for two', function()
  local deliberate = require('pygent.deliberate')
  local clock = deliberate.now
  local now = 0
  deliberate.now = function() return now end
  local seen = h.choose('Allow')
  local first, second = request({ command = 'one' }), request({ command = 'two', requestKey = 'l' })
  h.wait('both', function() return approve.pending() == 2 end)
  for i = 1, 3 do
    local told = #h.told
    vim.cmd('Pygent answer')
    h.wait(
      'refusal',
      function() return seen.times == i and #h.told >= told + 2 and h.told[#h.told]:find('too soon') end
    )
  end
  h.same({ nil, nil, 3 }, { first(), second(), seen.times })
  local choose = vim.ui.select
  vim.ui.select = function(...)
    now = now + 1500
    choose(...)
  end
  vim.cmd('Pygent answer')
  h.wait('answer', first)
  h.same({ decision = 'allow' }, first())
  h.same(nil, second())
  vim.cmd('Pygent answer')
  h.wait('answer', second)
  deliberate.now = clock
end)

h.test('a message that was begun before a question does not answer it', function()
  vim.cmd('Pygent chat')
  local input = require('pygent.input')
  local asked
  coroutine.wrap(
    function() asked = approve.ask('agent/askUser', { requestKey = 'q', sessionId = 's', question = 'Which?' }) end
  )()
  h.wait('question', function() return approve.pending() == 1 end)
  local deliberate = require('pygent.deliberate')
  h.same(false, approve.answer_question('begun before', 0))
  h.same(1, approve.pending())
  h.same(nil, asked)
  input.set('blue')
  h.same(true, approve.answer_question('blue', deliberate.now()))
  h.wait('answer', function() return asked end)
  h.same({ answer = 'blue' }, asked)
end)

h.finish()
