-- The editor's data for the server: selections, diagnostics, files with unwritten changes;
-- and the commands, keys and calls that do not fit elsewhere.
local h = dofile(vim.fs.joinpath(vim.fs.dirname(vim.fs.dirname(arg[0])), 'helpers.lua'))
local session = require('pygent.session')

h.write('notes.txt', 'one\ntwo\nthree\n')
h.setup(h.model({
  h.says('It is the second line.'),
  h.says('It is fixed.'),
  h.calls('write_file', { path = 'notes.txt', content = 'overwritten\n' }),
  h.says('It has changes that are not written.'),
  h.calls('write_file', { path = 'notes.txt', content = 'one\n2. bad\n' }),
  h.says('Written.'),
  h.calls('write_file', { path = 'notes.txt', content = 'one\ntwo\nthree\n' }),
  h.says('Repaired.'),
  h.calls('write_file', { path = 'other.txt', content = 'bad\n' }),
  h.says('Written.'),
  h.says('One.\n\n```lua\nlocal x = 1\n```\n\n```../../evil\nx\n```\n'),
  h.says('Two.'),
}))
vim.cmd.edit(h.root .. '/notes.txt')
local file = vim.api.nvim_get_current_buf()
local ns = vim.api.nvim_create_namespace('test')

--- The last message to the model, from the session's events.
---@return string
local function told()
  local text, done
  require('pygent.kept').history(
    session.state().id,
    0,
    function(event) text = event.kind == 'message' and event.role == 'user' and event.text or text end,
    function() done = true end
  )
  h.wait('history', function() return done end)
  return text
end

---@param text string
local function answered(text)
  h.wait(text, function() return h.chat():find(text, 1, true) end)
  h.wait('end', function() return require('pygent').status() == 'ready' end)
end

h.test('a range is attached as it stands in the buffer', function()
  vim.cmd('2Pygent ask Which line | is "this"?')
  answered('It is the second line.')
  h.has(told(), 'Which line | is "this"?')
  h.has(told(), 'two')
  h.lacks(told(), 'three')
  h.has(h.chat(), '▪ attached: ')
end)

h.test('diagnostics of the range are sent with it', function()
  h.told = {}
  vim.cmd('Pygent fix')
  h.wait('message', function() return #h.told > 0 end)
  h.has(h.told[1], 'there are no diagnostics here')
  vim.diagnostic.set(ns, file, {
    { lnum = 0, col = 0, message = 'elsewhere', severity = 1 },
    { lnum = 1, col = 0, end_lnum = 1, message = 'not a number', severity = 1, source = 'check' },
  })
  vim.cmd('2,3Pygent fix')
  answered('It is fixed.')
  h.has(told(), '- line 2: not a number')
  h.lacks(told(), 'elsewhere')
end)

h.test('a file with changes that are not written is not overwritten', function()
  vim.api.nvim_buf_set_lines(file, 0, 1, false, { 'mine' })
  local _, result = h.ask('Overwrite it.')
  h.same('It has changes that are not written.', result.text)
  h.same('one\ntwo\nthree\n', h.read('notes.txt'))
  h.same({ 'mine', 'two', 'three' }, vim.api.nvim_buf_get_lines(file, 0, -1, false))
  h.has(h.chat(), '✗ Write: notes.txt')
  vim.cmd('silent edit!')
end)

--- A language server in this process that reports the word "bad" as an error, some time after
--- a change.
local function checker(dispatchers)
  local function look(uri, text)
    local found = {}
    for i, line in ipairs(vim.split(text, '\n')) do
      local at = line:find('bad', 1, true)
      if at then
        local range = { start = { line = i - 1, character = at - 1 }, ['end'] = { line = i - 1, character = at + 2 } }
        found[#found + 1] = { range = range, severity = 1, message = 'no good', source = 'checker' }
      end
    end
    vim.defer_fn(
      function() dispatchers.notification('textDocument/publishDiagnostics', { uri = uri, diagnostics = found }) end,
      50
    )
  end
  return {
    request = function(method, _, callback)
      local full = { textDocumentSync = { openClose = true, change = 1 } }
      callback(nil, method == 'initialize' and { capabilities = full } or vim.NIL)
      return true, 1
    end,
    notify = function(method, params)
      if method == 'textDocument/didOpen' then
        look(params.textDocument.uri, params.textDocument.text)
      elseif method == 'textDocument/didChange' then
        look(params.textDocument.uri, params.contentChanges[1].text)
      end
      return true
    end,
    is_closing = function() return false end,
    terminate = function() end,
  }
end

h.test('the model is told what language servers find in what it wrote', function()
  vim.cmd.buffer(file)
  local id = assert(vim.lsp.start({ name = 'checker', cmd = checker, root_dir = h.root }, { bufnr = file }))
  h.wait('the language server', function() return vim.lsp.buf_is_attached(file, id) end)
  local results = {}
  session.listen(function(event)
    if event.kind == 'toolFinished' then
      results[#results + 1] = event.text
    end
  end)
  h.ask('Write something bad.')
  h.has(results[1], 'notes.txt:2:4: no good (checker)')
  h.ask('Repair it.')
  h.lacks(results[2], 'no good')
  h.ask('Write what no buffer has.')
  h.lacks(results[3], 'no good')
  h.same(3, #results)
  vim.lsp.get_client_by_id(id):stop(true)
  vim.diagnostic.reset(nil, file)
end)

h.test('a request that is not known is answered with an error', function()
  local result, err = require('pygent.incoming').request('editor/unheard', {})
  h.same({ nil, -32601 }, { result, err.code })
end)

h.test('code is coloured, and no word of the model is taken for a path', function()
  local asked, real = {}, vim.treesitter.get_string_parser
  vim.treesitter.get_string_parser = function(code, language)
    asked[#asked + 1] = language
    return real(code, language)
  end
  h.ask('Show code.')
  h.chat()
  local buf, found = h.buffer('pygent://chat'), {}
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(buf, require('pygent.code').ns, 0, -1, { details = true })) do
    found[mark[4].hl_group or ''] = vim.api.nvim_buf_get_lines(buf, mark[2], mark[2] + 1, false)[1]
  end
  h.same('local x = 1', found['@keyword.lua'])
  vim.treesitter.get_string_parser = real
  h.same({ 'lua' }, asked)
end)

h.test('autocommands and the callback tell of a turn', function()
  local seen = {}
  for _, name in ipairs({ 'PygentTurnStarted', 'PygentTurnFinished' }) do
    vim.api.nvim_create_autocmd('User', { pattern = name, callback = function(event) seen[name] = event.data end })
  end
  local err, result = h.ask('Once more.', { mode = 'plan', context = { { text = 'attached words' } } })
  h.same(nil, err)
  h.same('Two.', result.text)
  h.same(result.turnId, seen.PygentTurnStarted.turnId)
  h.same({ 'completed', {} }, { seen.PygentTurnFinished.status, seen.PygentTurnFinished.changes })
  h.has(told(), 'attached words')
end)

h.test('the mode is set, completed and shown', function()
  vim.cmd('Pygent mode plan')
  h.wait('mode', function() return session.state().mode == 'plan' end)
  h.has(require('pygent.bar').rest(), '· plan')
  h.choose('auto')
  vim.cmd('Pygent mode')
  h.wait('mode', function() return session.state().mode == 'auto' end)
end)

h.test('the status lines of all windows are drawn anew', function()
  vim.cmd('Pygent chat')
  vim.cmd.stopinsert()
  local drawn = {}
  _G.drawn = function()
    drawn[vim.g.statusline_winid or vim.api.nvim_get_current_win()] = true
    return require('pygent').status()
  end
  vim.api.nvim_set_option_value('statusline', '%{v:lua.drawn()}', {})
  vim.cmd.redraw({ bang = true })
  local all = vim.tbl_count(drawn)
  drawn = {}
  require('pygent.chat').event({ kind = 'clientSettled' })
  h.wait('status lines', function() return vim.tbl_count(drawn) == all end)
  h.same(true, all >= 3)
  vim.api.nvim_set_option_value('statusline', '', {})
end)

h.test('messages are written in several lines and brought back', function()
  vim.cmd('Pygent chat')
  local input = require('pygent.input')
  vim.api.nvim_feedkeys(vim.keycode('ifirst<C-j>second<Esc>'), 'x', false)
  h.same({ 'first', 'second' }, vim.api.nvim_buf_get_lines(input.buffer(), 0, -1, false))
  input.send()
  h.same({ '' }, vim.api.nvim_buf_get_lines(input.buffer(), 0, -1, false))
  h.wait('end', function() return require('pygent').status() == 'ready' end)
  vim.api.nvim_feedkeys(vim.keycode('idraft<Esc><C-Up>'), 'x', false)
  h.same({ 'first', 'second' }, vim.api.nvim_buf_get_lines(input.buffer(), 0, -1, false))
  vim.api.nvim_feedkeys(vim.keycode('<C-Down>'), 'x', false)
  h.same({ 'draft' }, vim.api.nvim_buf_get_lines(input.buffer(), 0, -1, false))
  input.set('')
end)

h.test('keys and commands are listed', function()
  vim.cmd('Pygent help')
  local shown = table.concat(h.float() or {}, '\n')
  for name in pairs(require('pygent.command').subcommands) do
    h.has(shown, ':Pygent ' .. name)
  end
  h.has(shown, 'g?')
  vim.api.nvim_feedkeys('q', 'x', false)
  h.same(nil, h.float())
end)

h.test('every subcommand and call is in the manual', function()
  local manual = table.concat(vim.fn.readfile(h.here .. '/doc/pygent.txt'), '\n')
  for name in pairs(require('pygent.command').subcommands) do
    h.same(true, manual:find('Pygent %[?' .. name) ~= nil, name)
  end
  for name in pairs(require('pygent')) do
    h.has(manual, 'require("pygent").' .. name)
  end
  for name in pairs(require('pygent.highlight').links) do
    h.has(manual, name)
  end
  vim.fn.mkdir(h.dir .. '/manual/doc', 'p')
  vim.fn.writefile(vim.fn.readfile(h.here .. '/doc/pygent.txt'), h.dir .. '/manual/doc/pygent.txt')
  vim.cmd.helptags(h.dir .. '/manual/doc') -- fails when a tag is there twice
  vim.opt.runtimepath:append(h.dir .. '/manual')
  for _, tag in ipairs({ 'pygent', ':Pygent', 'pygent-chat', 'pygent.ask()', 'pygent-events' }) do
    vim.cmd.help(tag)
    h.has(vim.api.nvim_get_current_line(), '*' .. tag .. '*')
  end
  for i, line in ipairs(vim.api.nvim_buf_get_lines(0, 0, -1, false)) do
    h.same(true, vim.fn.strdisplaywidth(line) <= 78, 'width of line ' .. i)
  end
  vim.cmd.close()
end)

h.test('the <Plug> maps run the commands', function()
  vim.cmd('Pygent chat')
  vim.cmd.stopinsert()
  local chat = h.buffer('pygent://chat')
  vim.api.nvim_feedkeys(vim.keycode('<Plug>(pygent-chat)'), 'x', false)
  h.same(1, #vim.fn.win_findbuf(chat))
  require('pygent.chat').close()
  h.same(0, #vim.fn.win_findbuf(chat))
end)

h.finish()
