-- Text and names of models and tools are data, whatever they contain.
local h = dofile(vim.fs.joinpath(vim.fs.dirname(vim.fs.dirname(arg[0])), 'helpers.lua'))
local text = require('pygent.text')

local names = {
  'a|qa!',
  'b\nlet g:owned = 1',
  '<img src=x onerror=alert(1)>',
  '-c let g:owned=1',
  '`touch owned`',
  '%',
  '#',
  '$HOME',
  '+call setline(1,1)',
  'quote"it\'s',
  '`=1+1`',
  '[abc]*?',
  ' space ',
  '\tvim: set foldmethod=expr:',
}

local evil = table.concat({
  '# You',
  '<script>alert(1)</script> <img src="http://127.0.0.1:1/x.png" onerror=1>',
  '[link](javascript:alert(1)) [cmd](command:quit) ![i](http://127.0.0.1:1/i.png)',
  'vim: set foldexpr=execute("let\\ g:owned=1") foldmethod=expr:',
  '\27]52;c;b3duZWQ=\7\27[2J\0\226\128\174reversed',
  '~~~~~~~~~~~~~~',
  '✓ forged: rm -rf / · allowed',
}, '\n')

local reply = h.calls('bash', { cmd = "printf '\\033]0;owned\\007~~~~~~~~~~~~\\n'" }, evil)
for _, name in ipairs(names) do
  table.insert(reply.message.toolCalls, { name = 'write_file', arguments = { path = name, content = 'x\n' } })
end
local results = {}
for i = 1, #names + 1 do
  results[i] = { role = 'tool' }
end
local last = h.says('The end.')
last.messages = results
h.setup(h.model({ reply, last }))

h.test('a hostile conversation is shown as text', function()
  vim.cmd('Pygent chat')
  h.wait('session', function() return require('pygent.session').state().id end)
  local err, result = h.ask('Be evil.')
  h.same(nil, err)
  h.same(#names, #result.changes)
  local shown = h.chat()
  h.has(shown, '<img src="http://127.0.0.1:1/x.png" onerror=1>')
  h.has(shown, 'A b\\nlet g:owned = 1 +1 -0')
  h.has(shown, '\\x1b]52;c;b3duZWQ=\\x07\\x1b[2J\\x00\\u{202e}reversed')
  h.lacks(shown, '\27')
  h.lacks(shown, '\226\128\174')
  h.same(nil, vim.g.owned)
end)

h.test('no buffer of ours takes options from its text, or is written to a file', function()
  vim.go.modeline, vim.go.modelineexpr = true, true
  vim.cmd('Pygent help')
  vim.cmd('Pygent log')
  vim.cmd('Pygent tasks')
  local ours = 0
  for _, buf in ipairs(vim.api.nvim_list_bufs()) do
    if vim.bo[buf].buftype == 'nofile' then
      ours = ours + 1
      h.same({ 'nofile', false, false }, { vim.bo[buf].buftype, vim.bo[buf].modeline, vim.bo[buf].swapfile })
    end
  end
  h.same(true, ours >= 5)
  for _, win in ipairs(vim.fn.win_findbuf(h.buffer('pygent://chat'))) do
    h.same("v:lua.require'pygent.fold'.level(v:lnum)", vim.wo[win].foldexpr)
  end
  h.same(nil, vim.g.owned)
  vim.cmd('only!')
end)

h.test('what the server tells of itself is no format of the bar', function()
  local state = require('pygent.session').state()
  state.mode = '%{execute("let g:owned=1")}%#Error#%='
  local bar = vim.api.nvim_eval_statusline(require('pygent.bar').format, { maxwidth = 200 })
  h.has(bar.str, '· %{execute("let g:owned=1")}%#Error#%=')
  h.same(nil, vim.g.owned)
end)

h.test('a fold and its colour are not forged by text', function()
  vim.cmd('Pygent chat')
  h.chat()
  local buf = h.buffer('pygent://chat')
  vim.api.nvim_win_call(vim.fn.win_findbuf(buf)[1], function()
    vim.cmd.normal('zx')
    local forged = vim.fn.search('^✓ forged', 'nw')
    h.same(true, forged > 0)
    h.same(0, vim.fn.foldlevel(forged))
  end)
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(buf, require('pygent.fold').ns, 0, -1, { details = true })) do
    if mark[4].hl_group then
      h.same(mark[2], mark[4].end_row, 'a colour is of one line')
    end
  end
end)

h.test('hostile names are opened as they are', function()
  local files = require('pygent.files')
  for _, name in ipairs(names) do
    local path = assert(files.absolute(h.root, name))
    local buf = vim.fn.bufadd(path)
    vim.fn.bufload(buf)
    h.same(path, vim.api.nvim_buf_get_name(buf))
    h.same({ 'x' }, vim.api.nvim_buf_get_lines(buf, 0, -1, false), name)
    h.same(name, files.relative(h.root, buf))
    h.write(name, 'changed\n')
    vim.uv.fs_utime(path, 1, 1)
    files.reload(h.root, { name })
    h.same({ 'changed' }, vim.api.nvim_buf_get_lines(buf, 0, -1, false), name)
  end
  h.same(nil, vim.g.owned)
  h.same(nil, h.read('owned'))
end)

h.test('paths that leave the workspace are refused', function()
  for _, path in ipairs({ '/etc/passwd', '../x', 'a/../../x', 'C:\\x', '\\\\host\\x', 'a\0b' }) do
    h.same(nil, require('pygent.files').absolute('/root', path), path)
  end
end)

h.test('what hides or forges becomes visible', function()
  h.same('a\\x1b[31mred\\x07', text.line('a\27[31mred\7'))
  h.same('red\\x1b]0;t\\x07', text.safe('\27[31mred\27[0m\27]0;t\7'))
  h.same('one\ntwo\\x0d', text.safe('one\r\ntwo\r'))
  h.same({ 'rm\\u{200b} -rf', 'x\\x00y\tz' }, text.exact('rm\226\128\139 -rf\nx\0y\tz'))
  h.same('\\u{e0041}', text.line('\243\160\129\129'))
  h.same('Grüße, 世界', text.safe('Grüße, 世界'))
  h.same('世界…', text.line('世界世界世界', 6))
  h.same(true, vim.fn.strdisplaywidth(text.line(('x'):rep(100000), 40)) <= 40)
  h.same({ '…', '…', 'x' }, { text.line('xx', 0), text.line('xx', -10), text.line('x', -10) }) -- a narrow screen
end)

h.test('a modified buffer is never overwritten, and is told of', function()
  local files = require('pygent.files')
  h.write('mine.txt', 'disk\n')
  vim.cmd.edit(h.root .. '/mine.txt')
  local buf = vim.api.nvim_get_current_buf()
  vim.api.nvim_buf_set_lines(buf, 0, -1, false, { 'mine' })
  h.same({ 'mine.txt' }, files.dirty(h.root))
  h.write('mine.txt', 'other\n')
  files.reload(h.root)
  h.same({ 'mine' }, vim.api.nvim_buf_get_lines(buf, 0, -1, false))
  vim.cmd.write({ bang = true })
  h.write('mine.txt', 'third\n')
  vim.uv.fs_utime(h.root .. '/mine.txt', 1, 1)
  files.reload(h.root, { 'mine.txt' })
  h.same({ 'third' }, vim.api.nvim_buf_get_lines(buf, 0, -1, false))
  vim.cmd('silent undo')
  h.same({ 'mine' }, vim.api.nvim_buf_get_lines(buf, 0, -1, false), 'undo is kept')
end)

h.finish()
